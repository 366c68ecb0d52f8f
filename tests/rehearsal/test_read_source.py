"""Reading solution.py finds what the grader would refuse while it imports the file."""

import pytest

from autograder.paths import REFERENCE
from quantlab.check import check
from quantlab.paths import KIT
from quantlab.protocol.import_policy import PROVIDED
from quantlab.rehearsal.read_source import refusal


@pytest.mark.parametrize(
    "source",
    [
        "import torch\nimport os.path, scipy.optimize as o\nfrom PIL import Image",
        "try:\n    import google.colab\nexcept ImportError:\n    pass",
        "if __name__ == '__main__':\n    from google.colab import files\n    input()",
        "def upload():\n    from google.colab import files",
        "def f(:",
        "from . import helpers",
    ],
)
def test_refusal_is_empty_for_what_the_grader_imports(source: str) -> None:
    assert refusal(source) == ""


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("import torch\nfrom google.colab import files", 2),
        ("x = 1\nget_ipython().run_line_magic('autoreload', '2')", 2),
        ("if True:\n    name = input('name')", 2),
        ("def f():\n    from quantlab.arithmetic import integer_kernels", 2),
        ("try:\n    import seaborn\nexcept OSError:\n    pass", 2),
        ("with x:\n    pass\nimport IPython.display", 3),
    ],
)
def test_refusal_names_the_line(source: str, line: int) -> None:
    assert f"line {line} (`{source.splitlines()[line - 1].strip()}`)" in refusal(source)


def test_refusal_shows_few_of_many() -> None:
    sentence = refusal("import seaborn\n" * 20)
    assert sentence.count("`import seaborn`") == 3
    assert "17 more" in sentence


def test_reference_is_not_refused() -> None:
    assert refusal(REFERENCE.read_text(encoding="utf-8")) == ""


def test_check_prints_the_refusal(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "solution.py").write_text("try:\n    input()\nexcept EOFError:\n    pass\n")
    check("2a")
    assert "The grader would refuse this in solution.py: line 2 (`input()`)" in (
        capsys.readouterr().out
    )


def test_provided_packages_are_those_that_the_kit_installs() -> None:
    project = (KIT / "pyproject.toml").read_text(encoding="utf-8")
    dependencies = project.partition("dependencies = [")[2].partition("]")[0]
    names = {line.split('"')[1].split(">")[0] for line in dependencies.splitlines() if '"' in line}
    modules = {"pillow": "PIL", "pyyaml": "yaml"}
    assert {modules.get(name, name) for name in names} <= PROVIDED | {"charset-normalizer"}
