"""The walls are tried before anything is marked, and each of them is needed."""

import platform
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from autograder.commands.isolation import describe
from autograder.sandbox import seccomp, self_test, tiers
from autograder.sandbox.denied_syscalls import CONDITIONAL, DENIED
from autograder.sandbox.host import Sandbox
from autograder.sandbox.limits import Limits
from autograder.sandbox.self_test import MEANINGS, IsolationUnavailable
from autograder.sandbox.tiers import Tier
from quantlab.protocol.calls import Answer, Call, Program

COURSE = Path(__file__).parents[2]


def test_sandbox_blocks_every_probe_and_names_its_layers(sandbox: Sandbox) -> None:
    assert [probe.name for probe in sandbox.probes] == list(MEANINGS)
    assert self_test.leaks(sandbox.probes) == ()
    assert re.fullmatch(r"[ABC]: (.+ \+ )?Landlock ABI \d+ \+ seccomp \+ limits", sandbox.isolation)


def test_describe_lists_what_student_code_can_and_cannot_do(sandbox: Sandbox) -> None:
    reasons = (("A", "bubblewrap is not installed."),)
    text = "\n".join(describe(sandbox.isolation, sandbox.probes, reasons, Limits(cpu_seconds=7)))
    cannot, _, can = text.partition("Student code can\n")
    for probe in sandbox.probes:
        assert probe.meaning in (cannot if probe.blocked else can)
    assert "compute for 7 s" in can
    assert "bubblewrap is not installed." in can
    assert "LEAK" not in text


@pytest.mark.parametrize(
    ("landlock", "seccomp_filter", "open_doors"),
    [
        (False, True, {"read_file", "read_course", "import_course", "list_folder", "write_file"}),
        (True, False, {"change_mode", "udp", "unix_socket", "fork"}),
    ],
)
def test_sandbox_refuses_to_start_without_a_layer(
    landlock: bool, seccomp_filter: bool, open_doors: set[str]
) -> None:
    with pytest.raises(IsolationUnavailable, match="Student code could") as refusal:
        Sandbox(tier=Tier("B", landlock=landlock, seccomp=seccomp_filter)).__enter__()
    assert open_doors <= set(re.findall(r"\w+", str(refusal.value)))


def test_sandbox_reports_unisolated_if_probes_succeed() -> None:
    """Were an attempt broken, it would count as blocked: so most of them must be seen to work."""
    bare = Tier("E", landlock=False, seccomp=False)
    with Sandbox(allow_unsafe=True, tier=bare) as unsafe:
        assert unsafe.isolation.startswith("UNISOLATED: read_file, ")
        succeeded = {probe.name for probe in unsafe.probes if not probe.blocked}
        assert isinstance(unsafe.run("def f(): return 1", Program((Call("f"),))), Answer)
    blocked_by_limits_and_lost_powers = {
        *("raise_limits", "much_memory", "new_namespace"),
        *("read_worker_memory", "trace_worker"),
        *("limit_host", "read_host_environment", "signal_host", "signal_worker"),
    }
    assert set(MEANINGS) - blocked_by_limits_and_lost_powers <= succeeded


def test_sandbox_uses_tier_e_only_if_unsafe_is_allowed() -> None:
    with pytest.raises(IsolationUnavailable, match="allow unsafe grading, at your own risk"):
        Sandbox(tier="E").__enter__()
    assert tiers.E not in tiers.ways(None, allow_unsafe=False)
    letters = [tier.letter for tier in tiers.ways(None, allow_unsafe=True)]
    assert letters[-3:] == ["B", "E", "E"]


@pytest.mark.parametrize(
    "path",
    [
        "autograder/engine/record.py",
        "autograder/sandbox/host.py",
        "quantlab/arithmetic/int8_kernels.py",
        "quantlab/arithmetic/integer_kernels.py",
        "instructor/__init__.py",
        "pyproject.toml",
        ".git/HEAD",
    ],
)
def test_sandbox_closes_course_files(sandbox: Sandbox, path: str) -> None:
    file = COURSE / path
    assert file.exists()
    source = f"def f():\n    try: open({str(file)!r})\n    except OSError: return 'closed'"
    outcome = sandbox.run(source, Program((Call("f"),)))
    assert isinstance(outcome, Answer)
    assert outcome.results == ("closed",)


@pytest.mark.parametrize("name", ["instructor.solution", "autograder.checks", "tests.conftest"])
def test_sandbox_blocks_imports_of_course_modules(sandbox: Sandbox, name: str) -> None:
    source = f"def f():\n    try: import {name}\n    except ImportError: return 'absent'\n"
    source += "    except OSError: return 'closed'"
    outcome = sandbox.run(source, Program((Call("f"),)))
    assert isinstance(outcome, Answer)
    assert outcome.results[0] in ("absent", "closed")


def test_sandbox_allows_imports_of_student_modules(sandbox: Sandbox) -> None:
    source = "from quantlab.network import resnet\ndef f(): return resnet.__name__"
    outcome = sandbox.run(source, Program((Call("f"),)))
    assert isinstance(outcome, Answer), outcome
    assert outcome.results == ("quantlab.network.resnet",)


def test_sandbox_hides_the_grader_environment(sandbox: Sandbox) -> None:
    source = "import os\ndef f(): return dict(os.environ)"
    outcome = sandbox.run(source, Program((Call("f"),)))
    assert isinstance(outcome, Answer)
    assert outcome.results[0]["HOME"] == "/nonexistent"
    assert not any(str(COURSE.parent) in value for value in outcome.results[0].values() if value)


def test_sandbox_recommends_docker_outside_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(IsolationUnavailable, match="Docker or a Linux virtual machine"):
        Sandbox().__enter__()


def test_sandbox_names_a_python_without_torch() -> None:
    with pytest.raises(IsolationUnavailable, match=r"/bin/false.*can import torch"):
        Sandbox(python="/bin/false").__enter__()


HEADERS = {
    "x86_64": ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", 0),
    "aarch64": ("/usr/include/asm-generic/unistd.h", 1),
}


@pytest.mark.parametrize("machine", HEADERS)
def test_denied_syscalls_match_the_kernel_headers(machine: str) -> None:
    path, column = HEADERS[machine]
    if not Path(path).exists():
        pytest.skip(f"needs the kernel header {path}")
    definitions = re.findall(
        r"^#define\s+__NR(?:3264)?_(\w+)\s+(\d+)\s*$", Path(path).read_text(), re.MULTILINE
    )
    numbers = {name: int(number) for name, number in definitions}
    for name, pair in (DENIED | CONDITIONAL).items():
        assert pair[column] == numbers.get(name), name


def interpret(program: bytes, number: int, arguments: tuple[int, ...], arch: int) -> int:
    """What the filter returns for one system call: a small machine for classic BPF."""
    data = bytearray(64)
    data[0:4], data[4:8] = number.to_bytes(4, "little"), arch.to_bytes(4, "little")
    for index, argument in enumerate(arguments):
        data[16 + 8 * index : 24 + 8 * index] = argument.to_bytes(8, "little")
    position, accumulator = 0, 0
    while True:
        code, if_true, if_false, value = seccomp.INSTRUCTION.unpack_from(program, 8 * position)
        position += 1
        match code:
            case 0x20:
                accumulator = int.from_bytes(data[value : value + 4], "little")
            case 0x15:
                position += if_true if accumulator == value else if_false
            case 0x25:
                position += if_true if accumulator > value else if_false
            case 0x45:
                position += if_true if accumulator & value else if_false
            case 0x06:
                return value


ALLOW, EPERM, ENOSYS, KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
PID = 4711


@pytest.mark.parametrize("column", [0, 1], ids=["x86_64", "aarch64"])
def test_seccomp_program_decides_each_system_call(column: int) -> None:
    arch = (0xC000003E, 0xC00000B7)[column]
    program = seccomp.program(column, PID)

    def decide(name: str, *arguments: int) -> int:
        numbers = {name: pair[column] for name, pair in (DENIED | CONDITIONAL).items()}
        return interpret(program, numbers[name], arguments, arch)

    for name, pair in DENIED.items():
        if pair[column] is not None:
            assert decide(name) == EPERM, name
    assert decide("kill", PID, 9) == ALLOW
    assert decide("kill", 0, 9) == EPERM
    assert decide("kill", 2**64 - 1, 9) == EPERM
    assert decide("tgkill", PID, PID, 6) == ALLOW
    assert decide("tgkill", PID + 1, PID, 6) == EPERM
    assert decide("clone", 0x3D0F00) == ALLOW  # as pthread_create asks for it
    assert decide("clone", 17) == EPERM  # as fork does: SIGCHLD and nothing else
    assert decide("clone3", 0, 0) == ENOSYS
    assert decide("prlimit64", 0, 7, 0, 1) == ALLOW
    assert decide("prlimit64", PID, 7, 0, 1) == ALLOW
    assert decide("prlimit64", PID + 1, 7, 0, 1) == EPERM
    assert decide("prlimit64", 0, 7, 0x1000, 0) == EPERM
    assert decide("prlimit64", 0, 7, 1 << 32, 0) == EPERM
    assert decide("fcntl", 1, 1, 0) == ALLOW
    for command in (0, 1, 2, 3, 4, 1030):  # descriptors and their flags
        assert decide("fcntl", 1, command, 0) == ALLOW
    # locks, owners and signals, leases, notices, room in a pipe, seals, and what is still to come
    for command in (5, 6, 7, 8, 10, 15, 36, 37, 38, 1024, 1026, 1031, 1033, 1036, 1099):
        assert decide("fcntl", 1, command, PID) == EPERM, command
    assert decide("ioctl", 1, 0x5401) == ALLOW  # is it a terminal?
    set_flags, enable_verity, push_input = 0x40086602, 0x40806685, 0x5412
    for request in (set_flags, enable_verity, push_input):
        assert decide("ioctl", 1, request) == EPERM, request
    name_of_a_thread, core_scheduling, death_signal, merged_memory = 15, 62, 1, 67
    assert decide("prctl", name_of_a_thread) == ALLOW
    for option in (core_scheduling, death_signal, merged_memory):
        assert decide("prctl", option) == EPERM, option
    read, newer = (0, 63)[column], 451
    assert interpret(program, read, (), arch) == ALLOW
    assert interpret(program, newer, (), arch) == ENOSYS
    assert interpret(program, 0x40000000, (), arch) != ALLOW
    assert interpret(program, read, (), arch ^ 1) == KILL


def test_seccomp_supports_this_machine() -> None:
    assert platform.machine() in ("x86_64", "aarch64")


def test_sandbox_keeps_no_submission_in_memory_for_the_next(sandbox: Sandbox) -> None:
    """A process that relayed data for several students would keep what it relayed."""
    marker = "MARK-of-student-A-" + "x" * 40
    scan = textwrap.dedent(
        """
        def f(flipped):
            wanted = bytes(b ^ 1 for b in flipped.tolist())
            hits = 0
            for line in open("/proc/self/maps"):
                area, rights = line.split()[:2]
                start, end = (int(part, 16) for part in area.split("-"))
                if not rights.startswith("rw") or end - start > 1 << 28:
                    continue
                try:
                    with open("/proc/self/mem", "rb", 0) as memory:
                        memory.seek(start)
                        hits += memory.read(end - start).count(wanted)
                except (OSError, OverflowError):
                    continue
            return hits
        """
    )
    flipped = np.array([b ^ 1 for b in marker.encode()], np.uint8)
    program = Program((Call("f", (flipped,)),))
    before = sandbox.run(scan, program)
    for _ in range(3):
        sandbox.run(f"# {marker}\ndef f(x): return '{marker}'", program)
    after = sandbox.run(scan, program)
    assert isinstance(before, Answer), before
    assert isinstance(after, Answer), after
    assert after.results == before.results


def test_sandbox_undoes_patches_after_each_run(sandbox: Sandbox) -> None:
    spoil = "import torch\ntorch.round = lambda x: x * 0 + 7\ndef f(x): return torch.round(x)"
    plain = "import torch\ndef f(x): return torch.round(x)"
    program = Program((Call("f", (1.0,)),))
    assert sandbox.run(spoil, program) == Answer((7.0,), ({},), {})
    outcome = sandbox.run(plain, program)
    assert not isinstance(outcome, Answer) or outcome.results != (7.0,)


def test_sandbox_host_imports_without_torch() -> None:
    """Loading the host's side starts nothing and needs no torch."""
    code = "import autograder.sandbox.host, sys; print('torch' in sys.modules)"
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=COURSE, capture_output=True, text=True, check=True
    )
    assert shown.stdout == "False\n"
