"""What students get is the master without its solutions, and nothing else."""

import ast
import importlib.util
import inspect
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from authoring.build import stub
from authoring.build.stub import BEGIN, END, QUESTIONS, STUB, BadMaster, make_stub, title
from autograder.paths import REFERENCE

REGION = f"    {BEGIN}\n    return 1\n    {END}\n"
WHOLE = "".join(f"def {name}():\n{REGION}" for name in QUESTIONS)


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("student_solution", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_committed_file_is_what_the_master_gives() -> None:
    assert STUB.read_text() == make_stub(REFERENCE.read_text()), "run python -m authoring build"


def test_check_says_so_when_they_drift_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stub, "STUB", tmp_path / "solution.py")
    assert stub.build_stub(check=True) == 1
    assert "python -m authoring build" in capsys.readouterr().err
    assert not (tmp_path / "solution.py").exists()
    assert stub.build_stub() == 0
    assert stub.build_stub(check=True) == 0
    with (tmp_path / "solution.py").open("a") as file:
        file.write("# a note\n")
    assert stub.build_stub(check=True) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_every_line_stands_outside_the_solutions_of_the_master() -> None:
    outside = Counter[str]()
    for part in REFERENCE.read_text().split(END):
        outside.update(part.split(BEGIN)[0].splitlines())
    given = Counter(STUB.read_text().splitlines())
    added = {line.strip() for line in given - outside}
    assert added <= {f'raise NotImplementedError("{title(name)}")' for name in QUESTIONS}
    assert "SOLUTION" not in STUB.read_text()


def test_each_body_is_a_docstring_and_the_error() -> None:
    functions = [
        node for node in ast.walk(ast.parse(STUB.read_text())) if isinstance(node, ast.FunctionDef)
    ]
    assert len(functions) == len(QUESTIONS) + 1  # the class has two methods
    for function in functions:
        assert ast.get_docstring(function), function.name
        assert len(function.body) == 2
        assert isinstance(function.body[1], ast.Raise)


@pytest.mark.parametrize("name", [name for name in QUESTIONS if not name.startswith("_")])
def test_each_stub_names_its_question_and_itself(name: str) -> None:
    function = getattr(load(STUB), name)
    arguments: list[Any] = [None] * sum(
        parameter.default is parameter.empty
        for parameter in inspect.signature(function).parameters.values()
    )
    with pytest.raises(NotImplementedError, match=f"^Question {QUESTIONS[name]}: {name}$"):
        function(*arguments)


def test_the_estimator_names_its_question_in_both_directions() -> None:
    module = load(STUB)
    sentence = "^Question 2a: _quantize_func_STE$"
    with pytest.raises(NotImplementedError, match=sentence):
        module.linear_quantize_STE(torch.ones(2), 1.0, 0, 4)
    with pytest.raises(NotImplementedError, match=sentence):
        module._quantize_func_STE.backward(None, torch.ones(2))


def test_it_has_the_names_arguments_and_constants_of_the_master() -> None:
    given, master = load(STUB), load(REFERENCE)
    for name in [name for name in QUESTIONS if not name.startswith("_")]:
        assert inspect.signature(getattr(given, name)) == inspect.signature(getattr(master, name))
        assert getattr(given, name).__doc__ == getattr(master, name).__doc__
    assert given.SAWB_COEFFICIENTS == master.SAWB_COEFFICIENTS


@pytest.mark.parametrize("path", [STUB, REFERENCE])
def test_it_imports_torch_and_the_standard_library_only(path: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])
    assert imported <= {"torch", *sys.stdlib_module_names}


def test_it_is_formatted() -> None:
    command = [sys.executable, "-m", "ruff", "format", "--check", str(STUB)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_helpers_at_the_top_level_disappear_with_the_gap_they_leave() -> None:
    master = f"import math\n\n\n{BEGIN}\nSECRET = 1\n{END}\n\n\n{WHOLE}"
    assert make_stub(master).startswith("import math\n\n\ndef linear_quantize():\n    raise")
    assert f'raise NotImplementedError("{title("get_scale")}")' in make_stub(master)


@pytest.mark.parametrize(
    ("master", "sentence"),
    [
        (WHOLE + BEGIN, "has no END"),
        (WHOLE.replace(END, "", 1), "has no END"),
        (WHOLE + END, "has no BEGIN"),
        (WHOLE + f"def other():\n{REGION}", "in other, which is in no question"),
        (WHOLE.replace(REGION, "    return 1\n", 1), "no region for linear_quantize"),
    ],
)
def test_a_master_that_cannot_be_stripped_is_refused(master: str, sentence: str) -> None:
    with pytest.raises(BadMaster, match=sentence):
        make_stub(master)
