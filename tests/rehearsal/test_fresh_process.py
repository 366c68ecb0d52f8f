"""The fresh process refuses what the grader refuses, and survives what student code does."""

from pathlib import Path

import pytest

from quantlab.protocol.run_public_checks import RIGHT, WRONG
from quantlab.rehearsal import fresh_process
from quantlab.rehearsal.fresh_process import run_steps
from quantlab.rehearsal.steps import CHECK, IMPORT, MODEL, Step

SIGNED = Step(CHECK, "1a.linear_quantize.signed")
GOOD = """
import torch
def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    low = -(2 ** (N_bits - 1)) if signed else 0
    return torch.clamp(torch.round(input / scale) - zero_point, low, low + 2**N_bits - 1)
"""
# A statement at the top of solution.py, and a part of the sentence about it; "" if it is allowed.
STATEMENTS = {
    "open(KIT + '/README.md').read()": "Permission denied",
    "open(KIT + '/quantlab/arithmetic/integer_kernels.py').read()": "Permission denied",
    "import os; os.listdir(KIT)": "Permission denied",
    "import socket; socket.socket()": "Operation not permitted",
    "import subprocess; subprocess.run(['true'])": "Operation not permitted",
    "from google.colab import files": "imports google",
    "import helpers": "imports helpers",
    "from quantlab.arithmetic import integer_kernels": "is withheld",
    "input()": "EOFError",
    "get_ipython()": "NameError",
    "raise SystemExit": "ends the program",
    "import os; os._exit(0)": "ends the program",
    "import matplotlib.pyplot as plt; plt.savefig('a.png')": "",
    "import scipy.optimize, torchvision, tqdm, quantlab.network.resnet": "",
    "print('x' * 10_000)": "",
}


def write(folder: Path, source: str) -> Path:
    (folder / "solution.py").write_text(source, encoding="utf-8")
    return folder


def sentence_of(folder: Path, statement: str) -> str:
    """Return why solution.py with this statement is not imported."""
    source = f"KIT = {str(fresh_process._PROBE.parents[2])!r}\n{statement}\n"
    (result,) = run_steps(write(folder, source), [Step(IMPORT)], lambda step: None)
    assert (result.outcome == RIGHT) is not result.lines
    return " ".join(result.lines)


@pytest.mark.parametrize("statement", STATEMENTS)
def test_import_is_refused_what_the_grader_refuses(tmp_path: Path, statement: str) -> None:
    (tmp_path.parent / "helpers.py").touch()
    sentence = sentence_of(tmp_path, statement)
    expected = STATEMENTS[statement]
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
    assert [result.outcome for result in results] == [RIGHT, WRONG, RIGHT]
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
