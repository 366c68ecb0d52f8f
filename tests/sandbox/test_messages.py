"""What a student reads when something stops: one sentence that says what, where and what to do."""

from pathlib import Path

import numpy as np
import pytest

from autograder.sandbox.host import Sandbox
from autograder.sandbox.messages import pack_answer, read_answer
from quantlab.errors import WireError
from quantlab.protocol.calls import Answer, Call, Failure, Input, Program
from quantlab.protocol.repair import Imported
from quantlab.protocol.wire import pack

PROGRAM = Program((Call("f", (Input("x"), 0.5)),), {"x": np.zeros(2, np.float32)})


def failure(sandbox: Sandbox, source: str) -> Failure:
    outcome = sandbox.run(source, PROGRAM)
    assert isinstance(outcome, Failure), outcome
    return outcome


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import torch\n", "solution.py has no function f."),
        (
            "def f(x, s):\n    raise NotImplementedError('Question 1a: f')",
            "solution.py still raises NotImplementedError in line 2, when f is called.",
        ),
        (
            "class A:\n    def g(self):\n        raise NotImplementedError\n"
            "def f(x, s): return A().g()",
            "solution.py still raises NotImplementedError in line 3, when f is called.",
        ),
        (
            "def f(x): return x",
            "f does not take the call f(x, float): "
            "f() takes 1 positional argument but 2 were given.",
        ),
        ("f = 3", "f in solution.py has the type int, it is not a function."),
        (
            "a = 1\ndef f(x, s:\n",
            "solution.py is not valid Python in line 2 ('(' was never closed): def f(x, s:",
        ),
        (
            "def f(x, s):\n    return x / 0 if s is None else 1 / 0",
            "solution.py raises ZeroDivisionError in line 2: division by zero",
        ),
        (
            "def f(x, s): return object()",
            "f returned an object of type object; return a torch.Tensor, a number, or a tuple, "
            "list or dict of these.",
        ),
        (
            "import torchfoo",
            "solution.py imports torchfoo in line 1, which is not available here; remove it.",
        ),
        ("import sys\nsys.exit(0)", "solution.py ends the program in line 2; remove that call."),
        (
            "def f(x, s): print('A' * 2_000_000)",
            "solution.py prints or writes more than is allowed in line 1; remove the output.",
        ),
        (
            "from quantlab.arithmetic.integer_kernels import integer_linear",
            "solution.py raises ModuleNotFoundError in line 1: "
            "quantlab.arithmetic.integer_kernels is withheld while "
            "your own functions are graded; do not import it",
        ),
    ],
)
def test_sandbox_run_explains_each_failure(sandbox: Sandbox, source: str, message: str) -> None:
    assert failure(sandbox, source).message == message


def test_sandbox_run_names_what_is_closed(sandbox: Sandbox) -> None:
    outcome = failure(sandbox, "open('/proc/version')")
    assert (outcome.exception, outcome.line) == ("PermissionError", 1)
    assert "closed while it is graded" in outcome.message


def test_sandbox_run_never_advises_to_unpickle(sandbox: Sandbox) -> None:
    source = (
        "import io, torch\nb = io.BytesIO()\ntorch.save(object(), b)\nb.seek(0)\ntorch.load(b)\n"
    )
    outcome = failure(sandbox, source)
    assert "weights_only" not in outcome.message
    assert "torch.load refuses this file" in outcome.message


def test_sandbox_run_sanitizes_and_shortens_student_text(sandbox: Sandbox) -> None:
    outcome = failure(sandbox, "raise ValueError('\\x1b[2J<b>\\u202e\\ud800\\n' + 'long ' * 1000)")
    assert len(outcome.message) <= 500
    assert outcome.message.isprintable()
    assert "<b>" in outcome.message


def test_sandbox_run_replaces_names_of_student_exceptions(sandbox: Sandbox) -> None:
    outcome = failure(sandbox, "def f(x, s): raise type(f'L{x[0]}', (KeyError,), {})('a')")
    assert outcome.exception == "KeyError"
    assert "L0" not in outcome.message


def test_sandbox_run_returns_the_start_of_printed_output(sandbox: Sandbox) -> None:
    outcome = failure(sandbox, "print('before')\nprint('x' * 100_000)\n1 / 0")
    assert outcome.output.startswith("before\nxxx")
    assert len(outcome.output) <= 4096


def test_import_source_explains_a_failed_import(sandbox: Sandbox) -> None:
    stub = "def f(x): raise NotImplementedError"
    assert sandbox.import_source(stub) == Imported(stub)
    failure = sandbox.import_source("def f(:").failure
    assert failure is not None
    assert (failure.kind, failure.line) == ("error", 1)


GOOD_REPLY = {"results": (1.0,), "gradients": ({},), "inputs": {}}


@pytest.mark.parametrize(
    "reply",
    [
        None,
        {"answer": GOOD_REPLY["results"]},
        {"answer": {**GOOD_REPLY, "results": [1.0]}},
        {"answer": {**GOOD_REPLY, "results": (1.0, 2.0)}},
        {"answer": {**GOOD_REPLY, "gradients": ()}},
        {"answer": {**GOOD_REPLY, "gradients": ({"x": None},)}},
        {"answer": {**GOOD_REPLY, "gradients": (None,)}},
        {"answer": {**GOOD_REPLY, "inputs": {"x": np.zeros(2)}}},
        {"answer": {**GOOD_REPLY, "inputs": {"x": "text"}}},
        {"failure": ("timeout", "", None, None)},
        {"failure": ("grader_fault", "", None, None)},
        {"failure": (["raises"], "x", None, None)},
        {"failure": ("raises", 3, None, None)},
        {"failure": ("raises", "x", "NoSuchError", None)},
        {"failure": ("raises", "x", None, "1")},
        {"failure": ("raises", "x", None, -1)},
        {"failure": ("raises", "x")},
        {"failure": ("absent", "Full points.", None, None)},
        {"failure": ("stub", "Full points.", None, None)},
        {"failure": ("model_unreadable", "x", None, None)},
        {"passed": True},
    ],
    ids=range(21),
)
def test_read_answer_refuses_an_invalid_reply(reply: object) -> None:
    with pytest.raises(WireError):
        read_answer(pack(reply), PROGRAM, 1 << 20)


def test_read_answer_accepts_a_valid_reply() -> None:
    assert read_answer(pack({"answer": GOOD_REPLY}), PROGRAM, 1 << 20) == Answer((1.0,), ({},), {})
    assert read_answer(pack_answer(Answer((1.0,), ({},))), PROGRAM, 99).results == (1.0,)


def test_read_answer_writes_the_message_of_a_reported_failure() -> None:
    frame = pack({"failure": ("raises", "Full points.", "KeyError", 3)})
    outcome = read_answer(frame, PROGRAM, 1 << 20)
    assert outcome == Failure(
        "error", "solution.py raises KeyError in line 3: Full points.", "KeyError", 3
    )


def test_sandbox_source_never_advises_to_unpickle() -> None:
    folder = Path(__file__).parents[2] / "autograder" / "sandbox"
    for file in folder.glob("*.py"):
        for line in file.read_text().splitlines():
            assert "weights_only=False" not in line or file.name == "failures.py"
