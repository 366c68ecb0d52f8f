"""A hostile submission beside an honest one leaves the honest report as it is, byte for byte."""

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from autograder.paths import REFERENCE
from autograder.sandbox import tiers

COURSE = Path(__file__).parents[2]
NOBODY = 65534
HONEST_STUDENTS = ("ada", "bob", "cyd")

# Right, and in need of what its neighbors may take: threads, memory, files, processor time.
HONEST = """
import importlib
import io
from concurrent.futures import ThreadPoolExecutor

import torch

_in_one_thread = linear_quantize


def linear_quantize(*args, **kwargs):
    importlib.reload(importlib.import_module("quantlab.network.resnet"))
    torch.zeros(40 << 18).numpy()
    torch.save(torch.zeros(1 << 16), io.BytesIO())
    with ThreadPoolExecutor(max_workers=4) as pool:
        return list(pool.map(lambda _: _in_one_thread(*args, **kwargs), range(4)))[-1]
"""

# Each while it is imported, for about as long as a submission may take.
HOSTILE = {
    "threads": """
import threading, time
end = time.monotonic() + 8
while time.monotonic() < end:
    try:
        while True:
            threading.Thread(target=time.sleep, args=(9,), daemon=True).start()
    except RuntimeError:
        time.sleep(0.05)
""",
    "lease": """
import fcntl, os, time
import quantlab
folder = quantlab.__path__[0]
for name in os.listdir(folder):
    try:
        file = os.open(os.path.join(folder, name), os.O_RDONLY)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    except OSError:
        pass
time.sleep(20)
""",
    "memory": """
import time
kept = []
try:
    while True:
        kept.append(bytearray(b"x" * (16 << 20)))
except MemoryError:
    time.sleep(15)
""",
    "processor": """
import threading
def spin():
    while True:
        pass
for _ in range(8):
    threading.Thread(target=spin, daemon=True).start()
spin()
""",
    "sleep": """
import time
time.sleep(1000)
""",
    "death": """
import os, signal
for number in (0, -1, os.getppid()):
    try:
        os.kill(number, signal.SIGKILL)
    except OSError:
        pass
os.abort()
""",
}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that every user can read, and its owner write."""
    path = Path("/tmp", f"side-by-side-{os.getpid()}-{tmp_path.name}")
    path.mkdir(mode=0o755)
    yield path
    shutil.rmtree(path)


def submissions(folder: Path, honest: Sequence[str], hostile: Sequence[str]) -> None:
    """Write the submissions of honest students, and the hostile ones by name."""
    reference = REFERENCE.read_text(encoding="utf-8")
    added = dict.fromkeys(honest, HONEST)
    added.update({name: HOSTILE[name] for name in hostile})
    for student, code in added.items():
        place = folder / "submissions" / student
        place.mkdir(parents=True)
        (place / "solution.py").write_text(f"{reference}\n{code}", encoding="utf-8")


def grade(
    folder: Path, verb: str, students: Sequence[str], honest: Sequence[str], tier: str, jobs: int
) -> list[bytes]:
    """Return the `honest` reports that the real command writes when it grades `students`."""
    submissions_folder = folder / "submissions"
    out = folder / f"out-{jobs}"
    if verb == "batch":
        export = folder / f"export-{jobs}"
        export.mkdir()
        for student in students:
            shutil.copytree(submissions_folder / student, export / student)
        paths, reports = [export], out / "staff" / "reports"
    else:
        paths, reports = [submissions_folder / student for student in students], out
    command = [sys.executable, "-B", "-m", "autograder", verb, *map(str, paths)]
    command += ["--out", str(out), "--jobs", str(jobs), "--tier", tier]
    command += ["--data", "shapes10", "--check", "1a.linear_quantize*"]
    as_unprivileged = tier == "B" and os.getuid() == 0
    who = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if as_unprivileged else {}
    if as_unprivileged:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
    ended = subprocess.run(
        command,
        cwd=COURSE,
        env={
            **os.environ,
            "HOME": str(folder),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "AUTOGRADER_SECRET_FILE": str(folder / "secret"),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        **who,
    )
    report_files = [reports / student / "report.json" for student in honest]
    assert all(path.exists() for path in report_files), ended.stdout + ended.stderr
    return [path.read_bytes() for path in report_files]


def compare(
    folder: Path,
    verb: str,
    tier: str,
    hostile: Sequence[str],
    honest: Sequence[str] = HONEST_STUDENTS,
) -> None:
    """Grade the honest alone, then beside the hostile, and expect the same bytes."""
    wanted = tiers.B if tier == "B" else next(t for t in tiers.CANDIDATES if t.letter == tier)
    reason = tiers.why_unavailable(wanted)
    if tier == "B" and os.getuid() == 0:  # Python must be open to the user without privileges
        reason = tiers.why_unavailable(tiers.C)
    if reason:
        pytest.skip(reason)
    submissions(folder, honest, hostile)
    alone = grade(folder, verb, honest, honest, tier, jobs=1)
    assert all(b'"auto_score": 10' in report for report in alone)
    by_turns = [
        student for pair in itertools.zip_longest(hostile, honest) for student in pair if student
    ]
    assert grade(folder, verb, by_turns, honest, tier, jobs=2) == alone


@pytest.mark.long
def test_grade_gives_equal_reports_beside_hostile_threads(folder: Path) -> None:
    compare(folder, "grade", "B", ["threads"], honest=HONEST_STUDENTS[:2])


@pytest.mark.longer
@pytest.mark.parametrize(("verb", "tier"), [("grade", "A"), ("grade", "B"), ("grade", "C")])
def test_grade_gives_equal_reports_beside_hostile_submissions(
    folder: Path, verb: str, tier: str
) -> None:
    compare(folder, verb, tier, list(HOSTILE))


@pytest.mark.longer
def test_batch_gives_equal_reports_beside_hostile_submissions(folder: Path) -> None:
    compare(folder, "batch", "B", list(HOSTILE))
