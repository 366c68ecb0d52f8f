"""Made-up classes, and the real command that marks them."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from authoring.rehearse.comparison import automatic_points, find_differences
from authoring.rehearse.generated_class import EXPECTED, RehearsalOptions, make_class
from autograder.__main__ import main

KIT = Path(__file__).resolve().parents[2]
PATIENCE = 600.0  # seconds; workers import torch and start sandboxes, on a busy machine perhaps


@pytest.fixture(scope="session")
def course_secret_file(tmp_path_factory):
    """A course secret for all tests here, in this process and in those that it starts."""
    path = tmp_path_factory.mktemp("secret") / "secret"
    path.write_text("0123456789abcdef0123456789abcdef")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOGRADER_SECRET_FILE", str(path))
        yield path


@dataclass(frozen=True)
class RehearsedClass:
    """A class of known marks: where its export is, and the points of each student's checks."""

    folder: Path
    check: str
    expected: Mapping[str, Mapping]

    @property
    def export(self) -> Path:
        return self.folder / "export"

    def command(self, out: Path, *more: object) -> list[str]:
        """The arguments that mark it into `out`."""
        settings = ["--check", self.check, "--data", "shapes10"]
        return ["batch", str(self.export), "--out", str(out), *settings, *map(str, more)]

    def mark(self, out: Path, *more: object) -> int:
        """Marked in this process, but for its workers; the exit status."""
        return main(self.command(out, *more))

    def start(self, out: Path, *more: object, kit: Path = KIT) -> subprocess.Popen:
        """The same in a process of its own, in a session of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "autograder", *self.command(out, *more)],
            cwd=kit,
            env={**os.environ, "COLUMNS": "200"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )


@pytest.fixture(scope="session", autouse=True)
def hear_ctrl_c() -> None:
    """What a shell runs in the background is deaf to it, and so would its children be."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def rehearsed_class(folder: Path, count: int, seed: int, check: str, layout: str) -> RehearsedClass:
    make_class(RehearsalOptions(count, seed, folder, layout, "shapes10", check))
    expected = json.loads((folder / EXPECTED).read_text())["students"]
    return RehearsedClass(folder, check, expected)


def rows(out: Path) -> int:
    """How many checks are in the journal of `out`."""
    path = out / ".journal" / "marks.sqlite"
    if not path.exists():
        return 0
    with contextlib.closing(sqlite3.connect(path, timeout=30)) as database:
        try:
            return database.execute("SELECT count(*) FROM marks").fetchone()[0]
        except sqlite3.OperationalError:  # it is being made at this moment
            return 0


def killed_after(klass: RehearsedClass, out: Path, more: int, seconds: float) -> None:
    """The command is started, and killed so long after it has journaled so many more checks."""
    runner, enough = klass.start(out, "--jobs", 2), rows(out) + more
    end = time.monotonic() + PATIENCE
    while runner.poll() is None and rows(out) < enough:
        assert time.monotonic() < end, "nothing is marked"
        time.sleep(0.02)
    time.sleep(seconds)
    runner.kill()
    runner.communicate()


def reports(out: Path) -> dict[str, bytes]:
    """The bytes of every report.json below `out`, by student."""
    return {
        path.parent.name: path.read_bytes()
        for path in sorted(out.glob("staff/reports/*/report.json"))
    }


def wrong_marks(klass: RehearsedClass, graded: Mapping[str, bytes]) -> dict[str, str]:
    """Every student whose marks are not those that were known beforehand."""
    by_student = {student: automatic_points(report) for student, report in graded.items()}
    return find_differences(klass.expected, by_student)
