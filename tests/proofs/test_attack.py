"""Every rule about hostile submissions finds its problem in a report, a page or a leak.

Nothing is graded here. Each report, page and leak is written with one problem.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from contextlib import ExitStack
from pathlib import Path

import pytest

from authoring.attack import page_check
from authoring.attack.case_runner import problems_of_refusal, problems_of_report
from authoring.attack.leak_check import watch_for_leaks
from autograder.engine.corpus import Alternative, AttackCase
from autograder.engine.record import CheckResult, Report, Verdict
from autograder.grading.submission import Trace
from autograder.report import html

CHEAT = AttackCase("theft/x", "", "takes x", "cheat", ("1a.x",), ("error",))
FAULT = AttackCase("resources/x", "", "fills x", "fault", ("1a.x",), ("timeout",))
LEGAL = AttackCase("legal/x", "", "sleeps", "legal", ("1a.x",), ("correct",))
REFUSED = AttackCase("archive/x", "", "lies", "refused", problem="is a lie")
RIGHT = Alternative("sorted", "", "sorts first")


def check(id: str, verdict: str, points: float, message: str = "") -> CheckResult:
    return CheckResult(id, "1a", id, True, "call", Verdict(verdict), points, 2.0, points, message)


def report(x: str, y: str, bonus: float = 0.0, message: str = "") -> Report:
    """Two checks of two points each: 1a.x, which the cases are about, and 1a.y."""
    worth = {"correct": 2.0, "partial": 1.0}
    return Report(
        student="known",
        dataset="Shapes-10",
        isolation="made up",
        checks=(
            check("1a.x", x, worth.get(x, 0.0), message),
            check("1a.y", y, worth.get(y, 0.0)),
        ),
        question_titles={"1a": "Quantize"},
        bonus=bonus,
    )


# Reports ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "result"),
    [
        (CHEAT, report("error", "missing")),
        (FAULT, report("timeout", "correct")),
        (LEGAL, report("correct", "correct")),
        (RIGHT, report("correct", "awaiting_marking")),
    ],
)
def test_problems_of_report_accepts_expected_results(case, result):
    assert problems_of_report(case, result) == []


@pytest.mark.parametrize(
    ("case", "result", "reason"),
    [
        (CHEAT, report("correct", "missing"), "it gains: 1a.x is correct"),
        (CHEAT, report("error", "partial"), "it gains: 1a.y is partial"),
        (CHEAT, report("error", "missing", bonus=1.0), "it gains a bonus."),
        (CHEAT, report("wrong", "missing"), "1a.x is wrong"),
        (CHEAT, report("error", "grader_fault"), "1a.y: the grader failed"),
        (FAULT, report("error", "correct"), "1a.x is error"),
        (FAULT, report("timeout", "wrong"), "it loses points in another check: 1a.y is wrong"),
        (FAULT, report("timeout", "grader_fault"), "1a.y: the grader failed"),
        (FAULT, report("correct", "correct"), "it costs nothing: 1a.x is correct"),
        (LEGAL, report("correct", "partial"), "it loses points in another check: 1a.y is partial"),
        (LEGAL, report("error", "correct"), "it loses points in another check: 1a.x is error"),
        (REFUSED, report("correct", "correct"), "it is not refused."),
        (RIGHT, report("correct", "wrong"), "1a.y is wrong"),
        (RIGHT, report("correct", "grader_fault"), "1a.y: the grader failed"),
    ],
)
def test_problems_of_report_finds_each_problem(case, result, reason):
    assert any(sentence.startswith(reason) for sentence in problems_of_report(case, result))


def test_problems_of_report_needs_a_check():
    case = AttackCase("theft/x", "", "takes x", "cheat", ("1b.x",), ("error",))
    assert "no check matches 1b.x." in problems_of_report(case, report("error", "missing"))


def test_problems_of_report_needs_the_message():
    case = AttackCase("theft/x", "", "takes x", "cheat", ("1a.x",), ("error",), "is closed")
    with_message = report("error", "missing", message="The file is closed.")
    silent = report("error", "missing", message="Something happened.")
    assert problems_of_report(case, with_message) == []
    (complaint,) = problems_of_report(case, silent)
    assert complaint.startswith("no message says 'is closed': 1a.x is error (Something happened.)")


# Refusals -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "sentence", "reason"),
    [
        (REFUSED, "This archive is too large.", "the refusal does not say 'is a lie'"),
        (REFUSED, "This archive is a lie\x1b[2J.", "the refusal cannot be printed"),
        (FAULT, "This archive is a lie.", "it is refused: This archive"),
        (RIGHT, "This archive is a lie.", "it is refused: This archive"),
    ],
)
def test_problems_of_refusal_finds_each_problem(case, sentence, reason):
    (complaint,) = problems_of_refusal(case, sentence)
    assert complaint.startswith(reason)


def test_problems_of_refusal_accepts_the_reason():
    assert problems_of_refusal(REFUSED, "This archive is a lie.") == []


# Pages --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page():
    return html.render(report("wrong", "correct"))


def test_page_check_accepts_the_template(page, tmp_path):
    assert page_check.problems_of_page(page) == []
    assert page_check.find_problems(report("wrong", "correct"), Trace(), tmp_path) == []


@pytest.mark.parametrize(
    ("added", "reason"),
    [
        ("<script>alert(1)</script>", "<script> is not an element of the template"),
        ("<iframe></iframe>", "<iframe> is not an element of the template"),
        ('<p onerror="alert(1)"></p>', '<p onerror="alert(1)"> runs or loads something'),
        ('<a href="javascript:1"></a>', '<a href="javascript:1"> runs or loads something'),
        ('<p src="https://example.org/"></p>', "runs or loads something"),
        ("<p>", "</main> closes what is not open"),
        ("</p>", "</p> closes what is not open"),
    ],
)
def test_page_check_finds_other_elements(page, added, reason):
    problems = page_check.problems_of_page(page.replace("</main>", f"{added}</main>"))
    assert any(reason in problem for problem in problems), problems


def test_page_check_finds_open_elements(page):
    assert page_check.problems_of_page(f"{page}<p>") == ["<p> is not closed"]


def test_page_check_needs_the_security_policy(page):
    bare = page.replace("Content-Security-Policy", "Policy")
    assert "the content security policy is missing" in page_check.problems_of_page(bare)


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1"])
def test_page_check_finds_formulas(cell):
    assert page_check.problems_of_table(f'student,points\nada,"{cell}"\n') == [
        f"{cell!r} is a formula"
    ]


def test_page_check_finds_uneven_rows():
    assert page_check.problems_of_table("a,b\n1,2\n") == []
    assert page_check.problems_of_table("a,b\n1,2,3\n") == ["rows have different numbers of cells"]


# Leaks --------------------------------------------------------------------------------------------

ORPHAN = """
import os, time
if os.fork() == 0:
    os.setsid()
    os.closerange(0, 3)
    time.sleep(60)
"""


def test_leak_check_finds_orphans(tmp_path):
    with watch_for_leaks(tmp_path) as leaks:
        subprocess.run([sys.executable, "-c", ORPHAN], check=True)
        time.sleep(0.2)  # until the kernel has handed it on
    orphans = [trace for trace in leaks.traces if trace.startswith("process ")]
    for orphan in orphans:
        process = int(orphan.removeprefix("process ").partition(",")[0])
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
    assert len(orphans) == 1, leaks.traces


def test_leak_check_ignores_ended_processes(tmp_path):
    with watch_for_leaks(tmp_path) as leaks:
        process = subprocess.Popen([sys.executable, "-c", ""])
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    process.wait()
    assert [trace for trace in leaks.traces if trace.startswith("process")] == []


@pytest.mark.parametrize("folder", ["/tmp", "/dev/shm"])
def test_leak_check_finds_files(tmp_path, folder):
    path = Path(folder, f"left-{uuid.uuid4().hex}")
    try:
        with watch_for_leaks(tmp_path) as leaks:
            path.touch()
    finally:
        path.unlink()
    assert f"file {path}" in leaks.traces


def test_leak_check_ignores_the_scratch_folder(tmp_path):
    mine = Path("/tmp", f"mine-{uuid.uuid4().hex}")
    try:
        with watch_for_leaks(mine) as leaks:
            mine.mkdir()
    finally:
        mine.rmdir()
    assert f"file {mine}" not in leaks.traces


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_leak_check_finds_open_ports(tmp_path, kind):
    with ExitStack() as stack:
        with watch_for_leaks(tmp_path) as leaks:
            server = stack.enter_context(socket.socket(socket.AF_INET, kind))
            server.bind(("127.0.0.1", 0))
            if kind is socket.SOCK_STREAM:
                server.listen()
        name = "tcp" if kind is socket.SOCK_STREAM else "udp"
        assert f"open port {name} {server.getsockname()[1]}" in leaks.traces


def test_leak_check_finds_shared_memory(tmp_path):
    libc = ctypes.CDLL(None, use_errno=True)
    private, create_mode, removed = 0, 0o1600, 0
    with watch_for_leaks(tmp_path) as leaks:
        memory = libc.shmget(private, ctypes.c_size_t(4096), create_mode)
    libc.shmctl(memory, removed, None)
    assert memory >= 0
    assert f"System V object shm {memory}" in leaks.traces


def test_leak_check_finds_nothing_without_leaks(tmp_path):
    with watch_for_leaks(tmp_path) as leaks:
        subprocess.run([sys.executable, "-c", ""], check=True)
    assert [trace for trace in leaks.traces if trace.startswith(("process", "System V"))] == []
