"""Every tier holds, behaves like the others, and never gives way to a weaker one in silence."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from autograder.sandbox import bubblewrap as bubblewrap_tier
from autograder.sandbox import self_test, spare_user, tier_selection, tiers
from autograder.sandbox.host import Sandbox
from autograder.sandbox.limits import Limits
from autograder.sandbox.messages import pack_run
from autograder.sandbox.self_test import IsolationUnavailable, Probe
from autograder.sandbox.spare_user import SpareUser
from autograder.sandbox.tiers import Tier
from autograder.sandbox.worker_process import WorkerProcess
from quantlab.paths import KIT
from quantlab.protocol.calls import Answer, Call, Failure, Program

PROGRAM = Program((Call("f"),))
ONE = Answer((1,), ({},), {})
EVERY = {
    "A": tiers.A,
    "A with its own uid": replace(tiers.A, own_uid=True),
    "C": tiers.C,
    "B": tiers.B,
}


@pytest.fixture(scope="module", params=EVERY)
def tier(request: pytest.FixtureRequest) -> Tier:
    """Each tier that this machine offers."""
    if reason := tiers.why_unavailable(EVERY[request.param]):
        pytest.skip(reason)
    return EVERY[request.param]


@pytest.fixture(scope="module")
def limits() -> Limits:
    return Limits(
        cpu_seconds=2, wall_seconds=60.0, import_wall_seconds=2.0, memory=512 << 20, threads=24
    )


@pytest.fixture(scope="module")
def on_tier(tier: Tier, limits: Limits) -> Iterator[Sandbox]:
    with Sandbox(tier=tier, limits=limits) as running:
        yield running


def result(sandbox: Sandbox, source: str) -> object:
    outcome = sandbox.run(source, PROGRAM)
    assert isinstance(outcome, Answer), outcome
    return outcome.results[0]


# What each tier holds -----------------------------------------------------------------------------


def test_tier_blocks_everything_it_promises(on_tier: Sandbox, tier: Tier) -> None:
    assert self_test.leaks(on_tier.probes) == ()
    promised = {probe.name for probe in on_tier.probes if probe.promised}
    assert ("stat_file" in promised) == tier.bubblewrap


def test_sandbox_isolation_names_the_layers_of_a_tier(on_tier: Sandbox, tier: Tier) -> None:
    layers = ["bubblewrap"] * tier.bubblewrap + ["own uid"] * tier.own_uid
    pattern = " \\+ ".join([*layers, r"Landlock ABI \d+", "seccomp", "limits"])
    assert re.fullmatch(f"{tier.letter}: {pattern}", on_tier.isolation)


def test_bubblewrap_hides_the_names_of_closed_files(on_tier: Sandbox, tier: Tier) -> None:
    paths = [
        KIT / "instructor",
        KIT / "quantlab" / "arithmetic" / "integer_kernels.py",
        Path("/etc/passwd"),
    ]
    source = f"import os\ndef f(): return [os.path.exists(p) for p in {[*map(str, paths)]!r}]"
    assert result(on_tier, source) == [not tier.bubblewrap] * len(paths)


def test_bubblewrap_hides_host_processes(on_tier: Sandbox, tier: Tier) -> None:
    source = f"import os\ndef f(): return os.path.exists('/proc/{os.getpid()}')"
    assert result(on_tier, source) == (not tier.bubblewrap)


def test_own_uid_is_unique_to_each_worker(on_tier: Sandbox, tier: Tier, limits: Limits) -> None:
    who = "import os\ndef f(): return [os.getuid(), os.getgid(), len(os.getgroups())]"
    user, group, others = result(on_tier, who)
    if not tier.own_uid:
        assert user == os.getuid()
        return
    assert (user in spare_user.NUMBERS, group, others) == (True, user, 0)
    with Sandbox(tier=tier, limits=limits) as second:
        assert result(second, who) != [user, group, others]


THREADS = """
import threading, time

def f(seconds):
    count = 1
    try:
        while count < 500:
            threading.Thread(target=time.sleep, args=(seconds,), daemon=True).start()
            count += 1
    except RuntimeError:
        pass
    time.sleep(seconds)
    return count
"""


def test_thread_limit_counts_threads_per_process(on_tier: Sandbox, limits: Limits) -> None:
    outcome = on_tier.run(THREADS, Program((Call("f", (1,)),)))
    assert outcome == Answer((limits.threads,), ({},), {})


def test_thread_limit_is_separate_for_each_process(limits: Limits) -> None:
    """In tier B both run under one user, and start as many as they may at the same time."""
    with Sandbox(tier="B", limits=limits) as first, Sandbox(tier="B", limits=limits) as other:
        with ThreadPoolExecutor(max_workers=2) as pool:
            program = Program((Call("f", (3,)),))
            futures = [pool.submit(sandbox.run, THREADS, program) for sandbox in (first, other)]
        assert [outcome.result().results for outcome in futures] == [(limits.threads,)] * 2


def test_thread_limit_install_refuses_a_second_listener() -> None:
    """The kernel has one listener per process: then threads are counted per user, as before."""
    code = (
        "import socket\n"
        "from autograder.sandbox import linux_calls, thread_limit\n"
        "linux_calls.forgo_new_privileges()\n"
        "ours, theirs = socket.socketpair()\n"
        "print(thread_limit.install(theirs), thread_limit.install(theirs))\n"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=KIT, capture_output=True, text=True, check=True
    )
    assert shown.stdout == "True False\n"


def test_worker_dies_before_the_grader_when_memory_runs_out(on_tier: Sandbox) -> None:
    read_score = "def f(): return int(open('/proc/self/oom_score_adj').read())"
    assert result(on_tier, read_score) == 1000
    assert int(Path("/proc/self/oom_score_adj").read_text()) < 1000


# What is the same on each -------------------------------------------------------------------------


def test_sandbox_arithmetic_equals_that_of_the_grader(on_tier: Sandbox) -> None:
    here = f"torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}"
    assert on_tier.arithmetic == here


ENDS = {
    "loop": ("timeout", "def f():\n    while True: pass"),
    "abort": ("crash", "import os\ndef f(): os.abort()"),
    "address zero": ("crash", "import ctypes\ndef f(): ctypes.string_at(0)"),
    "exit": ("crash", "import os\ndef f(): os._exit(0)"),
    "memory": ("memory", "import torch\ndef f(): torch.ones(1 << 40)"),
    "flood": ("bad_reply", "import os\nwhile True: os.write(3, b'A' * 65536)"),
    "exception": ("error", "def f(): return 1 / 0"),
}


@pytest.mark.parametrize("name", ENDS)
def test_sandbox_names_each_failure_alike_on_every_tier(on_tier: Sandbox, name: str) -> None:
    kind, source = ENDS[name]
    outcome = on_tier.run(source, PROGRAM)
    assert isinstance(outcome, Failure)
    assert outcome.kind == kind, outcome
    assert on_tier.run("def f(): return 1", PROGRAM) == ONE


def test_import_source_stops_a_sleeping_module_at_the_deadline(on_tier: Sandbox) -> None:
    outcome = on_tier.import_source("import time\ntime.sleep(60)").failure
    assert outcome is not None
    assert outcome.kind == "timeout"
    assert "does not finish within 2 s" in outcome.message


def test_worker_process_measures_the_wait_for_a_processor(tier: Tier, limits: Limits) -> None:
    """The kernel counts nanoseconds: a process that ran a second has waited for some of them."""
    with closing(WorkerProcess(sys.executable, limits, tier)) as worker:
        ended = worker.run(pack_run("while True: pass", PROGRAM), 30, 1.0)
    assert ended.stopped == "deadline"
    assert 0 < ended.waited_seconds < ended.wall_seconds
    assert 0 < ended.cpu_seconds < 5


@pytest.mark.parametrize(
    "package", ["matplotlib.pyplot", "scipy.optimize", "quantlab.network.resnet"]
)
def test_sandbox_provides_the_packages_submissions_import(on_tier: Sandbox, package: str) -> None:
    assert result(on_tier, f"import {package}\ndef f(): return 1") == 1


# Which tier is used -------------------------------------------------------------------------------


@pytest.fixture
def only_b(monkeypatch: pytest.MonkeyPatch) -> None:
    def why(tier: Tier, python: str) -> str | None:
        return None if tier is tiers.B else f"{tier.letter} lacks something."

    monkeypatch.setattr(tiers, "why_unavailable", why)


@pytest.mark.usefixtures("only_b")
def test_sandbox_passes_over_unavailable_tiers_with_reasons() -> None:
    with Sandbox() as sandbox:
        assert sandbox.isolation.startswith("B: ")
        assert sandbox.passed_over == tuple(
            (letter, f"{letter} lacks something.") for letter in "AC"
        )


@pytest.mark.usefixtures("only_b")
def test_sandbox_refuses_to_replace_a_requested_tier() -> None:
    with pytest.raises(IsolationUnavailable, match="Tier A does not work here: A lacks something"):
        Sandbox(tier="A").__enter__()


def test_sandbox_passes_over_a_tier_that_leaks(monkeypatch: pytest.MonkeyPatch) -> None:
    if reason := tiers.why_unavailable(tiers.A):
        pytest.skip(reason)
    honest = self_test.self_test

    def leaking(run: object, bubblewrap: bool) -> tuple[Probe, ...]:
        leak = (Probe("udp", "use the network (UDP)", blocked=False, promised=True),)
        return leak if bubblewrap else honest(run, bubblewrap)

    monkeypatch.setattr(tier_selection.self_test, "self_test", leaking)
    with Sandbox() as sandbox:
        assert sandbox.isolation[0] in "CB"
        assert "Student code could use the network (UDP)" in dict(sandbox.passed_over)["A"]


def test_sandbox_restarts_only_on_the_same_tier(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox() as sandbox:
        stamp = sandbox.isolation
        sandbox.close()
        assert sandbox.run("def f(): return 1", PROGRAM) == ONE
        assert sandbox.isolation == stamp
        sandbox.close()
        monkeypatch.setattr(tiers, "why_unavailable", lambda tier, python: f"{tier.letter} broke.")
        with pytest.raises(IsolationUnavailable, match=f"Tier {stamp[0]} does not work here"):
            sandbox.run("def f(): return 1", PROGRAM)


def test_sandbox_rejects_an_unknown_tier_letter() -> None:
    with pytest.raises(ValueError, match="no tier D; the tiers are A, C, B, E"):
        Sandbox(tier="D")


# Why a tier is not to be had ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (None, "apt install bubblewrap"),
        ("echo 'bwrap: No permissions to create new namespace' >&2; exit 1", "--security-opt"),
        ("echo 'bwrap: Unknown option --size' >&2; exit 1", "install 0.7 or newer"),
        ("exit 3", "exit status 3"),
        ("exit 0", None),
    ],
)
def test_why_unavailable_says_what_bubblewrap_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, reason: str | None
) -> None:
    if script is not None:
        program = tmp_path / "bwrap"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    problem = tiers.why_unavailable(tiers.A)
    assert (problem is None) == (reason is None)
    assert reason is None or reason in str(problem)


def test_why_unavailable_says_tier_c_needs_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "Only root" in str(tiers.why_unavailable(tiers.C))
    assert all(not tier.own_uid or tier is tiers.C for tier in tiers.ways(None, False))


def test_why_unavailable_names_a_folder_closed_to_other_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "python").touch()
    reason = tiers.why_unavailable(tiers.C, str(closed / "python"))
    assert f"Only its owner may enter {closed}, where python is" in str(reason)


# The parts ----------------------------------------------------------------------------------------


def test_bubblewrap_command_binds_no_writable_or_instructor_files() -> None:
    command = bubblewrap_tier.command(sys.executable, (), own_uid=False)
    assert not {"--bind", "--bind-try", "--dev", "--share-net"} & set(command)
    assert command.count("--tmpfs") == command.count("--size") == 1
    assert command[-5:] == ["--remount-ro", "/", "--chdir", "/", "--"]
    bound = {Path(path) for path in command if path.startswith(str(KIT))}
    assert KIT / "quantlab" / "network" / "layers.py" in bound
    for closed in (
        "instructor",
        "autograder/checks",
        "quantlab/arithmetic/integer_kernels.py",
        "checkpoints",
        "data",
    ):
        assert not any((KIT / closed).is_relative_to(path) for path in bound - parents(bound))


def parents(paths: set[Path]) -> set[Path]:
    """Those that are only made as folders for others to be bound in."""
    return {path for path in paths if any(path in other.parents for other in paths)}


def test_bubblewrap_command_recreates_links_to_the_interpreter(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.symlink_to(sys.executable)
    link.symlink_to("real")
    command = bubblewrap_tier.command(str(link), (), own_uid=False)
    links = [command[i + 1 : i + 3] for i, word in enumerate(command) if word == "--symlink"]
    assert links[:2] == [["real", str(link)], [sys.executable, str(real)]]


@pytest.fixture
def own_numbers(monkeypatch: pytest.MonkeyPatch) -> range:
    """Numbers that no other process takes, such as another process of the tests."""
    numbers = range(4 * os.getpid() + (1 << 26), 4 * os.getpid() + (1 << 26) + 4)
    monkeypatch.setattr(spare_user, "NUMBERS", numbers)
    return numbers


def test_spare_user_numbers_differ_and_are_reused(own_numbers: range) -> None:
    with closing(SpareUser()) as first, closing(SpareUser()) as second:
        assert (first.number, second.number) == (own_numbers[0], own_numbers[1])
    with closing(SpareUser()) as again:
        assert again.number == own_numbers[0]


def test_spare_user_skips_a_user_with_a_process(
    own_numbers: range, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spare_user, "threads_by_user", lambda: {own_numbers[0]: 1})
    with closing(SpareUser()) as user:
        assert user.number == own_numbers[1]


def test_threads_by_user_counts_threads_of_each_user() -> None:
    if os.getuid() != 0:
        pytest.skip("only root can run a process as somebody else")
    with closing(SpareUser()) as user:
        assert user.number not in spare_user.threads_by_user()
        with subprocess.Popen(["sleep", "9"], user=user.number) as sleeper:
            assert spare_user.threads_by_user()[user.number] == 1
            sleeper.kill()
