"""Ctrl-C ends `grade` without waiting for the checks that it has not begun."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from autograder.commands.interruptible_threads import map_interruptibly
from autograder.exit_status import INTERRUPTED

KIT = Path(__file__).parents[2]
LOOP = "def linear_quantize(*args, **kwargs):\n    while True: pass\n"


def test_map_interruptibly_returns_results_in_order() -> None:
    assert map_interruptibly(lambda n: n * n, range(20), 3, lambda: None) == [
        n * n for n in range(20)
    ]


def test_map_interruptibly_raises_the_error_of_a_thread() -> None:
    def fail(number: int) -> int:
        raise OSError(f"item {number}")

    with pytest.raises(OSError, match="item 0"):
        map_interruptibly(fail, [0], 2, lambda: None)


def test_map_interruptibly_interrupts_every_thread_and_starts_no_other() -> None:
    started: list[int] = []
    ended: list[tuple[int, str]] = []
    blocker = threading.Event()

    def work(number: int) -> None:
        started.append(number)
        if len(started) == 2:
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            if number == 0:
                blocker.wait(5)  # as a thread that waits for its sandbox
            for _ in range(500):
                time.sleep(0.01)
        except BaseException as error:
            ended.append((number, type(error).__name__))
            raise

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            map_interruptibly(work, range(10), 2, blocker.set)
    finally:
        signal.signal(signal.SIGINT, before)
    assert sorted(started) == [0, 1]
    assert sorted(ended) == [(0, "KeyboardInterrupt"), (1, "KeyboardInterrupt")]


@pytest.mark.long
def test_grade_begins_no_check_after_ctrl_c(tmp_path: Path) -> None:
    """Each check of these submissions loops until its limit. Only the running one may still end."""
    for name in ("ada", "bob"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "solution.py").write_text(LOOP, encoding="utf-8")
    secret = tmp_path / "secret"
    secret.write_text("0123456789abcdef0123456789abcdef", encoding="utf-8")
    out = tmp_path / "out"
    command = [
        *(
            sys.executable,
            "-m",
            "autograder",
            "grade",
            str(tmp_path / "ada"),
            str(tmp_path / "bob"),
        ),
        *("--data", "shapes10", "--check", "1a.linear_quantize.*", "--out", str(out)),
    ]
    with subprocess.Popen(
        command,
        cwd=KIT,
        env={**os.environ, "AUTOGRADER_SECRET_FILE": str(secret)},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_hear_ctrl_c,  # noqa: PLW1509 - a single thread so far
    ) as process:
        while not (out / "ada" / "report.json").exists():  # there before the first check
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate()
    assert process.returncode == INTERRUPTED
    assert complaint.strip() == "Interrupted. Files that were written before are whole."
    assert len(_timeouts(out / "ada" / "report.json")) <= 1
    assert not (out / "bob").exists()


def _hear_ctrl_c() -> None:
    """A process in the background of a shell begins deaf to it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _timeouts(path: Path) -> list[str]:
    """Return the checks that ran until their limit."""
    report = json.loads(path.read_text(encoding="utf-8"))
    return [check["id"] for check in report["checks"] if check["verdict"] == "timeout"]
