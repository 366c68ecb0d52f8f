"""What other checks on the machine may have caused is run once more, alone."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.sandbox import host
from autograder.sandbox.host import Sandbox
from autograder.sandbox.limits import Limits
from autograder.sandbox.machine_lock import MachineLock
from autograder.sandbox.retry_rule import may_have_caused
from quantlab.protocol.calls import Answer, Call, Failure, Program
from tests.sandbox.test_lifetime import descendants, workers_among

PROGRAM = Program((Call("f"),))
ONE = Answer((1,), ({},), {})
LOOP = "def f():\n    while True: pass"


@pytest.fixture
def lock(tmp_path: Path) -> MachineLock:
    return MachineLock(tmp_path)


@pytest.fixture
def others() -> list[int]:
    """The processes of the sandboxes that other tests have open."""
    return descendants(os.getpid())


@pytest.fixture
def alone(lock: MachineLock, others: list[int]) -> Iterator[Sandbox]:
    """A sandbox beside which only those run that hold `lock`."""
    limits = Limits(cpu_seconds=1, wall_seconds=60.0, memory=512 << 20)
    with Sandbox(limits=limits, lock=lock) as running:
        yield running


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[host.JobResult]:
    """How each real run ended, in order."""
    ended: list[host.JobResult] = []
    really = host._run

    def run(*arguments):
        ended.append(really(*arguments))
        return ended[-1]

    monkeypatch.setattr(host, "_run", run)
    return ended


def run_and_kill(
    sandbox: Sandbox, fork: bool, others: list[int]
) -> tuple[list[Answer | Failure], threading.Thread]:
    """Kill a check, or the worker that forked it, as the kernel does when memory runs out.

    Returns the list that the outcome comes into, and the thread that puts it there.
    """
    outcomes: list[Answer | Failure] = []
    source = "import time\ntime.sleep(1)\ndef f(): return 1"
    check = threading.Thread(target=lambda: outcomes.append(sandbox.run(source, PROGRAM)))
    check.start()
    while len(processes := workers_among([*set(descendants(os.getpid())) - {*others}])) < 1 + fork:
        time.sleep(0.001)
    os.kill(max(processes) if fork else min(processes), signal.SIGKILL)
    return outcomes, check


@pytest.mark.parametrize("fork", [True, False], ids=["check", "worker"])
def test_sandbox_repeats_a_check_killed_beside_another(
    alone: Sandbox, lock: MachineLock, others: list[int], fork: bool
) -> None:
    with lock.shared():
        outcomes, check = run_and_kill(alone, fork, others)
    check.join()
    assert outcomes == [ONE]


@pytest.mark.parametrize("fork", [True, False], ids=["check", "worker"])
def test_sandbox_does_not_repeat_a_check_killed_alone(
    alone: Sandbox, others: list[int], fork: bool
) -> None:
    outcomes, check = run_and_kill(alone, fork, others)
    check.join()
    assert [type(outcome) for outcome in outcomes] == [Failure]


def test_sandbox_repeats_an_endless_loop_beside_another_check(
    alone: Sandbox, lock: MachineLock, runs: list[host.JobResult]
) -> None:
    with lock.shared():
        check = threading.Thread(target=alone.run, args=(LOOP, PROGRAM))
        check.start()
        while not runs:
            time.sleep(0.01)
    check.join()
    assert len(runs) == 2
    assert alone.used_seconds == runs[1].cpu_seconds  # the run that counts


def test_sandbox_runs_an_endless_loop_alone_once(
    alone: Sandbox, runs: list[host.JobResult]
) -> None:
    assert alone.run(LOOP, PROGRAM).kind == "timeout"
    assert len(runs) == 1


def test_sandbox_reports_a_grader_fault_if_it_cannot_run_alone(tmp_path: Path) -> None:
    lock = MachineLock(tmp_path, patience=0.1)
    with Sandbox(lock=lock) as sandbox, lock.shared():
        outcome = sandbox.run("import os\ndef f(): os.abort()", PROGRAM)
        assert sandbox.run("def f(): return 1", PROGRAM) == ONE
    assert outcome.kind == "grader_fault"
    assert "no other command of the autograder is running" in outcome.message


@pytest.mark.parametrize(
    ("outcome", "possible"),
    [
        (ONE, False),
        (Failure("error", "solution.py raises ValueError in line 3: x", "ValueError", 3), False),
        (Failure("error", "solution.py opens a file", "PermissionError", 3), False),
        (Failure("missing", "solution.py has no function f."), False),
        (Failure("bad_reply", "This is no answer."), False),
        (Failure("error", "can't start new thread", "RuntimeError", 3), True),
        (Failure("error", "[Errno 11] x", "BlockingIOError", 3), True),
        (Failure("error", "[Errno 12] Cannot allocate memory", "OSError", 3), True),
        *((Failure(kind, "x"), True) for kind in ("timeout", "memory", "crash", "grader_fault")),
    ],
)
def test_may_have_caused_names_what_the_machine_runs_out_of(
    outcome: Answer | Failure, possible: bool
) -> None:
    assert may_have_caused(outcome) is possible
