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


def test_make_stub_returns_the_committed_file() -> None:
    assert STUB.read_text() == make_stub(REFERENCE.read_text()), "run python -m authoring build"


def test_build_stub_check_reports_a_difference(
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


def test_stub_contains_only_lines_outside_the_solutions() -> None:
    outside = Counter[str]()
    for part in REFERENCE.read_text().split(END):
        outside.update(part.split(BEGIN)[0].splitlines())
    stub_lines = Counter(STUB.read_text().splitlines())
    added = {line.strip() for line in stub_lines - outside}
    assert added <= {f'raise NotImplementedError("{title(name)}")' for name in QUESTIONS}
    assert "SOLUTION" not in STUB.read_text()


def test_stub_functions_are_a_docstring_and_an_error() -> None:
    functions = [
        node for node in ast.walk(ast.parse(STUB.read_text())) if isinstance(node, ast.FunctionDef)
    ]
    assert len(functions) == len(QUESTIONS) + 1  # the class has two methods
    for function in functions:
        assert ast.get_docstring(function), function.name
        assert len(function.body) == 2
        assert isinstance(function.body[1], ast.Raise)


@pytest.mark.parametrize("name", [name for name in QUESTIONS if not name.startswith("_")])
def test_stub_function_raises_with_its_question_and_name(name: str) -> None:
    function = getattr(load(STUB), name)
    arguments: list[Any] = [None] * sum(
        parameter.default is parameter.empty
        for parameter in inspect.signature(function).parameters.values()
    )
    with pytest.raises(NotImplementedError, match=f"^Question {QUESTIONS[name]}: {name}$"):
        function(*arguments)


def test_stub_estimator_names_its_question_in_both_directions() -> None:
    module = load(STUB)
    sentence = "^Question 2a: _quantize_func_STE$"
    with pytest.raises(NotImplementedError, match=sentence):
        module.linear_quantize_STE(torch.ones(2), 1.0, 0, 4)
    with pytest.raises(NotImplementedError, match=sentence):
        module._quantize_func_STE.backward(None, torch.ones(2))


def test_stub_has_the_signatures_and_constants_of_the_master() -> None:
    student, master = load(STUB), load(REFERENCE)
    for name in [name for name in QUESTIONS if not name.startswith("_")]:
        assert inspect.signature(getattr(student, name)) == inspect.signature(getattr(master, name))
        assert getattr(student, name).__doc__ == getattr(master, name).__doc__
    assert student.SAWB_COEFFICIENTS == master.SAWB_COEFFICIENTS


@pytest.mark.parametrize("path", [STUB, REFERENCE])
def test_solution_imports_only_torch_and_the_standard_library(path: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])
    assert imported <= {"torch", *sys.stdlib_module_names}


def test_stub_is_formatted() -> None:
    command = [sys.executable, "-m", "ruff", "format", "--check", str(STUB)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout + process.stderr


def test_make_stub_removes_top_level_helpers_and_their_gap() -> None:
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
def test_make_stub_refuses_a_master_it_cannot_strip(master: str, sentence: str) -> None:
    with pytest.raises(BadMaster, match=sentence):
        make_stub(master)
