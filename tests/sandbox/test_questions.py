"""A callable argument is asked across the wall: its numbers and its budget stay on this side."""

import json
import os
import socket

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.sandbox import host_callbacks
from autograder.sandbox.host import Sandbox
from autograder.sandbox.job_io import JobPipes
from autograder.sandbox.limits import Limits
from autograder.sandbox.messages import CONFINED, pack_run
from quantlab.errors import WireError
from quantlab.protocol.calls import AdditiveLoss, Answer, Call, Constant, Failure, Program

LOSSES = {"a": {2: 7.5, 8: 0.125}, "b": {2: 3.25, 8: 0.25}}
TABLE = AdditiveLoss(92.0, LOSSES, budget=3)
PROGRAM = Program((Call("search", (TABLE,)),))


def ask(sandbox: Sandbox, *lines: str, program: Program = PROGRAM) -> Answer | Failure:
    body = "".join(f"    {line}\n" for line in lines)
    return sandbox.run(f"import sys, threading\ndef search(evaluate):\n{body}", program)


def test_evaluate_returns_the_value_of_the_table(sandbox: Sandbox) -> None:
    outcome = ask(sandbox, "return evaluate({'a': 2, 'b': 8})")
    assert isinstance(outcome, Answer)
    assert outcome.results == (92.0 - 7.5 - 0.25,)


def test_evaluate_uses_the_table_of_its_call(sandbox: Sandbox) -> None:
    other = AdditiveLoss(80.0, {"a": {4: 1.0}}, budget=1)
    program = Program((Call("search", (TABLE,)), Call("search", (other,))))
    outcome = ask(
        sandbox,
        "try: return evaluate({'a': 2, 'b': 2})",
        "except ValueError: return evaluate({'a': 4})",
        program=program,
    )
    assert isinstance(outcome, Failure)  # the one evaluation of the second table is spent
    assert outcome.message.endswith("evaluate may be called 1 times; this is one more.")


@pytest.mark.parametrize(
    ("widths", "sentence"),
    [
        ("{'a': 2}", "evaluate needs a bit width for each of the layers a, b; it was given a."),
        ("{'a': 2, 'b': 5}", "evaluate was given 5 bits for b, no candidate."),
        ("{'a': 2, 'b': 2.5}", "evaluate was given 2.5 bits for b, no candidate."),
    ],
)
def test_evaluate_explains_invalid_bit_widths(sandbox: Sandbox, widths: str, sentence: str) -> None:
    outcome = ask(sandbox, f"return evaluate({widths})")
    assert isinstance(outcome, Failure)
    assert outcome.exception == "ValueError"
    assert sentence in outcome.message


def test_evaluate_counts_its_budget_outside_student_code(sandbox: Sandbox) -> None:
    outcome = ask(
        sandbox,
        "for cell in evaluate.__closure__:",
        "    if isinstance(cell.cell_contents, int): cell.cell_contents = 0",
        "for _ in range(4): evaluate({'a': 2, 'b': 2})",
    )
    assert isinstance(outcome, Failure)
    assert outcome.exception == "RuntimeError"
    assert "evaluate may be called 3 times" in outcome.message


def test_evaluate_answers_threads_at_once(sandbox: Sandbox) -> None:
    program = Program((Call("search", (AdditiveLoss(92.0, LOSSES, budget=64),)),))
    outcome = ask(
        sandbox,
        "found = []",
        "def ask(bits): found.append((bits, evaluate({'a': bits, 'b': 8})))",
        "threads = [threading.Thread(target=ask, args=(2 + 6 * (i % 2),)) for i in range(64)]",
        "[t.start() for t in threads]; [t.join() for t in threads]",
        "return sorted(set(found))",
        program=program,
    )
    assert isinstance(outcome, Answer)
    assert outcome.results == ([(2, 84.25), (8, 91.625)],)


def test_hidden_sends_no_number_of_the_table() -> None:
    request = pack_run("", host_callbacks.hidden(PROGRAM))
    for number in (92.0, 7.5, 0.125, 3.25):
        assert str(number).encode() not in request
    assert b"7.5" in pack_run("", PROGRAM)


def test_sandbox_stops_endless_calls_of_evaluate(sandbox: Sandbox) -> None:
    outcome = ask(
        sandbox,
        "while True:",
        "    try: evaluate({'a': 2, 'b': 2})",
        "    except RuntimeError: pass",
    )
    assert isinstance(outcome, Failure)
    assert outcome.kind == "bad_reply"


def test_sandbox_refuses_a_malformed_callback_request(sandbox: Sandbox) -> None:
    outcome = ask(sandbox, "import os", "os.write(3, b'?[[[[\\n')", "return 1")
    assert isinstance(outcome, Failure)
    assert outcome.kind == "bad_reply"


def test_sandbox_refuses_an_endless_callback_request(sandbox: Sandbox) -> None:
    outcome = ask(sandbox, "import os", "os.write(3, b'?' + b'9' * 60_000)", "return 1")
    assert isinstance(outcome, Failure)
    assert outcome.kind == "bad_reply"


junk = st.one_of(
    st.binary(max_size=200),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
        ),
        max_leaves=12,
    ).map(lambda value: json.dumps(value).encode()),
)


@settings(deadline=None)
@given(st.lists(junk, max_size=5))
def test_responder_returns_a_value_or_refusal_or_raises_wire_error(lines) -> None:
    respond = host_callbacks.responder(PROGRAM)
    assert respond is not None
    for line in lines:
        try:
            answer = json.loads(respond(line))
        except WireError:
            continue
        assert answer.keys() in ({"value"}, {"raise"})


def test_job_pipes_send_nothing_before_confinement() -> None:
    control, theirs = socket.socketpair()
    with control, theirs, JobPipes(control, b"secret inputs", limit=100) as exchange:
        request_end, reply_end = (os.dup(end) for end in exchange.far_ends)
        os.set_blocking(request_end, False)
        theirs.send(b"ended")
        exchange.until_answered(5)
        with pytest.raises(BlockingIOError):
            os.read(request_end, 100)
        control.recv(100)
        os.write(reply_end, CONFINED)
        theirs.send(b"ended")
        exchange.read_what_is_left()
        assert exchange.is_confined
        exchange.until_answered(5)
        exchange.until_answered(5)
        assert os.read(request_end, 100) == b"secret inputs"
        os.close(request_end)
        os.close(reply_end)


def test_responder_is_none_for_a_program_without_tables() -> None:
    program = Program((Call("f", (np.zeros(3),)),))
    assert host_callbacks.responder(program) is None
    assert host_callbacks.hidden(program).calls[0].target == "f"


def test_stand_in_constant_reaches_only_its_callers(sandbox: Sandbox) -> None:
    secret = np.arange(6, dtype=np.int32).reshape(2, 3) * 1_234_567
    call = Call("layer", stand_ins={"integer_linear": Constant(secret)})
    program = Program((call,))
    assert secret.tobytes() not in pack_run("", host_callbacks.hidden(program))
    called = sandbox.run("def layer(): return integer_linear(1, 2) + 1", program)
    assert isinstance(called, Answer), called
    np.testing.assert_array_equal(called.results[0], secret + 1)
    climbed = sandbox.run(CLIMBS, program)
    assert isinstance(climbed, Answer), climbed
    assert climbed.results == (0,)


CLIMBS = """
import gc, sys, torch
def layer():
    found, frame = [], sys._getframe()
    while frame is not None:
        found += frame.f_locals.values()
        frame = frame.f_back
    tensors = [x for x in gc.get_objects() if isinstance(x, torch.Tensor)]
    return sum(getattr(x, "shape", None) == (2, 3) for x in [*found, *tensors])
"""


def test_sandbox_limits_all_runs_of_a_solution_together() -> None:
    limits = Limits(total_cpu_seconds=1)
    slow = """if True:
        import time
        def f():
            begun = time.process_time()
            while time.process_time() - begun < 0.7: pass
            return 1
    """
    program = Program((Call("f"),))
    with Sandbox(limits=limits, tier="B") as sandbox:
        kinds = [getattr(sandbox.run(slow, program), "kind", "answer") for _ in range(3)]
        other = sandbox.run("def f(): return 1", program)
    assert kinds == ["answer", "answer", "timeout"]
    assert isinstance(other, Answer)
