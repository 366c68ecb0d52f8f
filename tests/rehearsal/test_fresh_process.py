"""The fresh process refuses what the grader refuses, and survives what student code does."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from quantlab.paths import KIT
from quantlab.protocol.run_public_checks import RIGHT, WRONG
from quantlab.rehearsal import fresh_process
from quantlab.rehearsal.fresh_process import run_steps
from quantlab.rehearsal.refusals import _Hook
from quantlab.rehearsal.steps import CHECK, IMPORT, LOST, MODEL, Step

SIGNED = Step(CHECK, "1a.linear_quantize.signed")
GOOD = """
import torch
def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    low = -(2 ** (N_bits - 1)) if signed else 0
    return torch.clamp(torch.round(input / scale) - zero_point, low, low + 2**N_bits - 1)
"""
# A statement at the top of solution.py, and a part of the sentence about it; "" if it is allowed.
STATEMENTS = {
    "from google.colab import files": "imports google",
    "from quantlab.arithmetic import integer_kernels": "is withheld",
    "open(KIT + '/README.md').read()": "Permission denied",
    "import os; os._exit(0)": "ends the program",
    "import matplotlib.pyplot as plt, scipy.optimize, quantlab.network.resnet; "
    "open('a.log', 'w').write('x'); plt.savefig('a.png'); print(open('a.log').read())": "",
}
MORE_STATEMENTS = {
    "import helpers": "imports helpers",
    "input()": "EOFError",
    "get_ipython()": "NameError",
    "raise SystemExit": "ends the program",
    "import subprocess; subprocess.run(['true'])": "Operation not permitted",
}
SLOWER = [pytest.param(statement, marks=pytest.mark.long) for statement in MORE_STATEMENTS]
# Events of Python's audit table that are refused; KIT and HERE are folders.
REFUSED = (
    ("open", "KIT/README.md", "r", os.O_RDONLY),
    ("open", "KIT/quantlab/arithmetic/integer_kernels.py", "r", os.O_RDONLY),
    ("open", "KIT/README.md", None, os.O_WRONLY | os.O_CREAT),
    ("open", "HERE/../elsewhere", "w", 0),
    ("os.listdir", "KIT"),
    ("os.remove", "KIT/README.md", -1),
    ("socket.__new__", None, 2, 1, 0),
    ("subprocess.Popen", "ls", ["ls"], None, None),
    ("os.system", b"ls"),
)
ALLOWED = (
    ("open", "HERE/log.txt", "w", os.O_WRONLY | os.O_CREAT),
    ("open", "KIT/quantlab/network/resnet.py", "r", os.O_RDONLY),
    ("open", os.__file__, "rb", os.O_RDONLY),
    ("open", 3, "rb", os.O_RDONLY),
    ("open", "KIT/no such file", "r", os.O_RDONLY),  # Python says that it does not exist
    ("os.listdir", None),
    ("import", "torch", None, [], [], []),
)


@pytest.mark.parametrize("event", REFUSED, ids=str)
def test_hook_refuses_what_the_grader_refuses(event: tuple[Any, ...], tmp_path: Path) -> None:
    with pytest.raises(PermissionError):
        raise_event(event, tmp_path)


@pytest.mark.parametrize("event", ALLOWED, ids=str)
def test_hook_allows_what_the_grader_allows(event: tuple[Any, ...], tmp_path: Path) -> None:
    raise_event(event, tmp_path)


def raise_event(event: tuple[Any, ...], folder: Path) -> None:
    """Call the hook as Python does, without adding it to this process or confining its imports."""
    name, *arguments = event
    folders = {"KIT": str(KIT), "HERE": str(folder)}
    for index, argument in enumerate(arguments):
        for word, place in folders.items() if isinstance(argument, str) else ():
            arguments[index] = arguments[index].replace(word, place)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [])  # pytest adds the kit's folder
        hook = _Hook(folder)
    hook(name, tuple(arguments))


def write(folder: Path, source: str) -> Path:
    (folder / "solution.py").write_text(source, encoding="utf-8")
    return folder


def sentence_of(folder: Path, statement: str) -> str:
    """Return why solution.py with this statement is not imported."""
    source = f"KIT = {str(KIT)!r}\n{statement}\n"
    (result,) = run_steps(write(folder, source), [Step(IMPORT)], lambda step: None)
    assert (result.outcome == RIGHT) is not bool(result.lines)
    return " ".join(result.lines)


@pytest.mark.parametrize("statement", [*STATEMENTS, *SLOWER])
def test_import_is_refused_what_the_grader_refuses(tmp_path: Path, statement: str) -> None:
    (tmp_path.parent / "helpers.py").touch()
    sentence = sentence_of(tmp_path, statement)
    expected = (STATEMENTS | MORE_STATEMENTS)[statement]
    assert expected in sentence if expected else sentence == ""


def test_check_runs_on_the_files_of_the_folder(tmp_path: Path) -> None:
    steps = [Step(IMPORT), SIGNED]
    begun: list[Step] = []
    results = run_steps(write(tmp_path, GOOD), steps, begun.append)
    assert [(result.step, result.outcome) for result in results] == [(s, RIGHT) for s in steps]
    assert begun == steps


def test_failed_import_is_the_last_step(tmp_path: Path) -> None:
    (result,) = run_steps(write(tmp_path, "def f(:"), [Step(IMPORT), SIGNED], lambda step: None)
    assert result.outcome == WRONG
    assert "line 1" in result.lines[0]


def test_crash_costs_only_its_step(tmp_path: Path) -> None:
    source = GOOD + "\ndef get_scale(input, N_bits=8):\n    import ctypes; ctypes.string_at(0)\n"
    crashing = Step(CHECK, "1a.get_scale.handed_out_widths")
    results = run_steps(write(tmp_path, source), [Step(IMPORT), crashing, SIGNED], lambda s: None)
    assert [result.outcome for result in results] == [RIGHT, LOST, RIGHT]
    assert "crashes Python" in results[1].lines[0]


def test_step_that_does_not_end_is_stopped(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(fresh_process._SECONDS, IMPORT, 1.0)
    (result,) = run_steps(write(tmp_path, "while True: pass"), [Step(IMPORT)], lambda step: None)
    assert "did not end within 1 second" in result.lines[0]


def test_model_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "ResNet20_W8A8.pt").write_bytes(b"PK but no model")
    steps = [Step(MODEL, "ResNet20_W8A8.pt")]
    (result,) = run_steps(tmp_path, steps, lambda step: None)
    assert result.outcome == WRONG
    assert result.lines[0].startswith("This file is ")
