"""A sandbox outlives every submission, and nothing outlives the sandbox."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from autograder.sandbox.host import Sandbox
from autograder.sandbox.limits import Limits
from autograder.sandbox.tiers import CANDIDATES, why_unavailable
from quantlab.protocol.calls import Answer, Call, Failure, Program

ONE = "def f(): return 1"
PROGRAM = Program((Call("f"),))


def children(pid: int) -> list[int]:
    pids = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            pids.append(int(status.parent.name))
    return pids


def descendants(pid: int) -> list[int]:
    return [descendant for child in children(pid) for descendant in (child, *descendants(child))]


def worker_of(host: int) -> int:
    """The Python process that forks for `host`; in tier A it is in a bubble."""
    pid, *_forks = workers_among(descendants(host))
    return pid


def workers_among(pids: list[int]) -> list[int]:
    return [
        pid
        for pid in pids
        for program, *arguments in [Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")]
        if not program.endswith(b"bwrap") and any(a.endswith(b"worker.py") for a in arguments)
    ]


def gone(pids: list[int], seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(is_running(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.fixture
def started(sandbox: Sandbox) -> list[int]:
    """The processes of `sandbox`, without those of another one that these tests have open."""
    sandbox.close()
    others = descendants(os.getpid())
    sandbox.run(ONE, PROGRAM)
    return [pid for pid in descendants(os.getpid()) if pid not in others]


@pytest.fixture
def worker(started: list[int]) -> int:
    (pid,) = workers_among(started)
    return pid


def test_sandbox_leaves_no_process_after_a_run(sandbox: Sandbox, worker: int) -> None:
    sandbox.run("import threading, time\nwhile True: pass", PROGRAM)
    assert children(worker) == []


def test_sandbox_leaves_no_file_descriptor_after_a_run(sandbox: Sandbox, worker: int) -> None:
    if os.getuid() != 0:
        pytest.skip("only root may look into a worker")
    before = [len(os.listdir(f"/proc/{pid}/fd")) for pid in (os.getpid(), worker)]
    sandbox.run(ONE, PROGRAM)
    sandbox.run("1 / 0", PROGRAM)
    sandbox.run("import os\nwhile True: os.write(3, b'A' * 65536)", PROGRAM)
    assert before == [len(os.listdir(f"/proc/{pid}/fd")) for pid in (os.getpid(), worker)]


def test_sandbox_reports_a_grader_fault_and_replaces_a_dead_worker(
    sandbox: Sandbox, worker: int
) -> None:
    os.kill(worker, signal.SIGKILL)
    outcome = sandbox.run(ONE, PROGRAM)
    assert isinstance(outcome, Failure)
    assert outcome.kind == "grader_fault"
    assert sandbox.run(ONE, PROGRAM) == Answer((1,), ({},), {})


def test_worker_takes_its_fork_along_when_killed(sandbox: Sandbox, worker: int) -> None:
    running = threading.Thread(target=sandbox.import_source, args=("import time; time.sleep(9)",))
    running.start()
    forks = await_fork(worker)
    os.kill(worker, signal.SIGKILL)
    assert gone(forks, seconds=2.5)  # before the deadline, which nobody is left to keep
    running.join()


def await_fork(worker: int) -> list[int]:
    deadline = time.monotonic() + 20
    while not (forks := children(worker)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(forks) == 1
    return forks


def test_worker_passes_a_fork_only_its_own_descriptors(sandbox: Sandbox) -> None:
    source = "import os\ndef f(): return sorted(map(int, os.listdir('/proc/self/fd')))"
    outcome = sandbox.run(source, PROGRAM)
    assert isinstance(outcome, Answer), outcome
    standard, reply, of_the_listing = [0, 1, 2], [3], [4]
    assert outcome.results == (standard + reply + of_the_listing,)


@pytest.mark.parametrize("tier", [tier.letter for tier in CANDIDATES])
@pytest.mark.parametrize("busy", [True, False], ids=["busy", "idle"])
def test_host_leaves_no_worker_when_killed(busy: bool, tier: str) -> None:
    if reason := why_unavailable(
        next(candidate for candidate in CANDIDATES if candidate.letter == tier)
    ):
        pytest.skip(reason)
    code = (
        "import sys\n"
        "from autograder.sandbox.host import Sandbox\n"
        "from quantlab.protocol.calls import Call, Program\n"
        f"with Sandbox(tier={tier!r}) as s:\n"
        "    print('ready', flush=True)\n"
        f"    s.run('while True: pass', Program((Call('f'),))) if {busy} else input()\n"
    )
    host = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert host.stdout is not None
    assert host.stdout.readline() == b"ready\n"
    worker = worker_of(host.pid)
    forks = await_fork(worker) if busy else []
    started = descendants(host.pid)
    assert {worker, *forks} <= set(started)
    host.kill()
    host.wait()
    host.communicate()
    assert gone(started)


def test_host_leaves_no_worker_when_killed_during_startup() -> None:
    code = "from autograder.sandbox.host import Sandbox\nSandbox().__enter__()"
    host = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    deadline = time.monotonic() + 20
    while not is_importing_torch(host.pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    started = descendants(host.pid)
    host.kill()
    host.wait()
    assert len(started) > 0
    assert gone(started, seconds=1)  # before the import is over


def is_importing_torch(host: int) -> bool:
    try:
        return "/torch/" in Path(f"/proc/{worker_of(host)}/maps").read_text()
    except (OSError, ValueError):
        return False


def test_sandbox_close_leaves_no_worker(sandbox: Sandbox, worker: int, started: list[int]) -> None:
    assert worker in started
    sandbox.close()
    assert gone(started, seconds=1)
    sandbox.close()


def test_sandbox_applies_the_requested_limits(sandbox: Sandbox, short_limits: Limits) -> None:
    source = (
        "import resource as r\n"
        "def f(): return [r.getrlimit(k)[0] for k in (r.RLIMIT_CPU, r.RLIMIT_FSIZE, "
        "r.RLIMIT_NOFILE, r.RLIMIT_CORE)]"
    )
    outcome = sandbox.run(source, PROGRAM)
    assert isinstance(outcome, Answer), outcome
    wanted = [short_limits.cpu_seconds, short_limits.printed, short_limits.files, 0]
    assert outcome.results == (wanted,)


@pytest.mark.parametrize("heard", ["ignored", "blocked"])
def test_sandbox_delivers_sigint_even_if_the_grader_ignores_it(heard: str) -> None:
    """A shell starts what runs in the background deaf to Ctrl-C; marks do not depend on that."""
    source = (
        "import os, signal, time\n"
        "def f():\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    time.sleep(1)\n"
        "    return 1\n"
    )
    before = signal.getsignal(signal.SIGINT)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT} if heard == "blocked" else ())
    if heard == "ignored":
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Sandbox() as sandbox:
            answer = sandbox.run(source, PROGRAM)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, before)
    assert isinstance(answer, Failure)
    assert "ends the program" in answer.message
