"""A grader that is killed at any moment leaves no process and no file that is half written.

Real graders, each in a session of its own, are killed by SIGKILL at moments drawn from a seed:
while they start, while a submission loops, and in the middle of writing a file. Half of them begin
in a folder that a killed one left. They are forks of a process that has imported what a grader
imports, which takes half of a start, and during which there is nothing yet to be left behind; the
last one in every folder is started from the command line. `KILLS=50` in the environment kills as
many.
"""

import csv
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from autograder.engine.record import Report

KIT = Path(__file__).parents[2]
KILLS = int(os.environ.get("KILLS", "8"))
AT_A_TIME = 2
GONE_WITHIN = 60.0  # seconds: a worker that still imports torch notices afterwards
HONEST = ("ada", "bob", "eve")  # marked before the loop begins
CHECKS = "1a.linear_dequantize.*"
LOOP = "def linear_dequantize(input, scale, zero_point):\n    while True: pass\n"
MOMENTS = ("starting", "marking", "writing")


@dataclass(frozen=True)
class Process:
    """A running process; its start tells it from a later one with the same number."""

    pid: int
    parent: int
    session: int
    started: int

    @property
    def command(self) -> str:
        try:
            return Path(f"/proc/{self.pid}/cmdline").read_text().replace("\0", " ")
        except OSError:
            return "gone"


def running() -> Iterator[Process]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if fields[0] not in "ZX":
            pid, parent, session = int(path.parent.name), int(fields[1]), int(fields[3])
            yield Process(pid, parent, session, int(fields[19]))


def family(pid: int) -> set[Process]:
    """The process, its children, theirs, and who shares a session with one of them."""
    everyone = list(running())
    members = {process for process in everyone if process.pid == pid}
    while True:
        pids, sessions = {member.pid for member in members}, {member.session for member in members}
        more = {
            member for member in everyone if member.parent in pids or member.session in sessions
        }
        if more <= members:
            return members
        members |= more


def survivors(processes: set[Process], seconds: float) -> set[Process]:
    """Those of `known`, and new members of their sessions, that run after so many seconds."""
    sessions = {process.session for process in processes}
    deadline = time.monotonic() + seconds
    while True:
        left = {
            process for process in running() if process in processes or process.session in sessions
        }
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.02)


@pytest.fixture(scope="module")
def submissions(tmp_path_factory, reference_source) -> Path:
    folder = tmp_path_factory.mktemp("submissions")
    for name in HONEST:
        (folder / name).mkdir()
        (folder / name / "solution.py").write_text(reference_source)
    (folder / "zoe").mkdir()
    (folder / "zoe" / "solution.py").write_text(LOOP)
    (folder / "secret").write_text("0123456789abcdef0123456789abcdef")
    return folder


# Starts graders: a line of arguments in, its process id out, and a line when that has ended.
LAUNCHER = """
import json, os, sys
import autograder.commands.grade
from autograder.__main__ import main

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
        os.dup2(1, 2)
        os._exit(main(json.loads(line)))
    print(child, flush=True)
    os.waitpid(child, 0)
    print("ended", flush=True)
"""


def arguments(submissions: Path, out: Path, names: tuple[str, ...]) -> list[str]:
    paths = [str(submissions / name) for name in names]
    return ["grade", *paths, "--check", CHECKS, "--data", "shapes10", "--out", str(out)]


class Launcher:
    """Starts one grader after another; what the latest printed is in the file `output`."""

    def __init__(self, submissions: Path, output: Path) -> None:
        self._submissions, self._output = submissions, output
        self._process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, str(output)],
            cwd=KIT,
            env=environment(submissions),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Launcher":
        return self

    def __exit__(self, *error: object) -> None:
        self._process.communicate()  # closes its standard input, which ends it

    def start(self, out: Path, names: tuple[str, ...]) -> int:
        """The process id of a new grader."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(arguments(self._submissions, out, names)) + "\n")
        self._process.stdin.flush()
        return int(self._read())

    def wait_until(self, grader: int, happened: Callable[[], bool], seconds: float) -> None:
        """Waits for what `grader` shall do; fails with what it printed if it never does."""
        deadline = time.monotonic() + seconds
        while not happened():
            runs = state_of(grader) not in "ZX" and time.monotonic() < deadline
            assert runs or happened(), f"the grader is of no use: {self._output.read_text()}"
            time.sleep(0.001)

    def kill(self, grader: int) -> set[Process]:
        """Kills `grader` where it stands; it and the processes that it had then."""
        os.kill(grader, signal.SIGSTOP)  # it starts nothing more while we look
        self.wait_until(grader, lambda: state_of(grader) in "TZX", 60)
        processes = family(grader)
        os.kill(grader, signal.SIGKILL)
        self.await_end()
        return processes

    def await_end(self) -> None:
        """Waits until the grader has ended."""
        assert self._read() == "ended\n"

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def environment(submissions: Path) -> dict[str, str]:
    return {**os.environ, "AUTOGRADER_SECRET_FILE": str(submissions / "secret")}


@dataclass(frozen=True)
class Untouched:
    """What a grader that nobody kills writes, and how long it takes to its first report."""

    reports: dict[str, bytes]
    seconds: float


def reports(out: Path) -> dict[str, bytes]:
    return {name: (out / name / "report.json").read_bytes() for name in HONEST}


def run_to_the_end(submissions: Path, out: Path) -> dict[str, bytes]:
    """The reports of a grader that is started from the command line."""
    grader = subprocess.run(
        [sys.executable, "-m", "autograder", *arguments(submissions, out, HONEST)],
        cwd=KIT,
        env=environment(submissions),
        capture_output=True,
        check=False,
    )
    assert grader.returncode in (0, 1), grader.stderr.decode()
    return reports(out)


@pytest.fixture(scope="module")
def untouched(submissions, tmp_path_factory) -> Untouched:
    out = tmp_path_factory.mktemp("untouched")
    with Launcher(submissions, out.with_suffix(".txt")) as launcher:
        begun = time.monotonic()
        grader = launcher.start(out, HONEST)
        launcher.wait_until(grader, lambda: any(out.glob("*/report.json")), 300)
        seconds = time.monotonic() - begun
        launcher.await_end()
    return Untouched(reports(out), seconds)


def await_moment(
    draw: random.Random, moment: str, launcher: Launcher, grader: int, out: Path, start: float
) -> None:
    """Waits until `moment` has come for the grader, which takes some `start` seconds to begin."""
    if moment == "starting":
        time.sleep(draw.uniform(0, 1.2 * start))
        return
    patience = 10 * start + 60
    begun = time.time()
    if moment == "marking":
        launcher.wait_until(grader, lambda: new_reports(out, begun) > 0, patience)
        time.sleep(draw.uniform(0, 1))
        return
    left = set(unfinished(out))
    marked = draw.randrange(len(HONEST))
    launcher.wait_until(grader, lambda: new_reports(out, begun) >= marked, patience)

    def writes() -> bool:  # a file is seldom unfinished for long enough to be seen
        return not left.issuperset(unfinished(out)) or new_reports(out, begun) > marked

    launcher.wait_until(grader, writes, patience)


def new_reports(out: Path, begun: float) -> int:
    return sum(file.stat().st_mtime > begun for file in out.glob("*/report.json"))


def unfinished(out: Path) -> list[str]:
    """Files on their way to their names, as `quantlab.atomic_files` makes them."""
    paths = []
    for folder in (str(out), *(f"{out}/{name}" for name in HONEST)):
        try:
            paths += [f"{folder}/{name}" for name in os.listdir(folder) if name.startswith(".")]
        except FileNotFoundError:
            continue
    return paths


def state_of(pid: int) -> str:
    """As the kernel names it: T for stopped, Z for ended, X for gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def check_files(out: Path) -> None:
    """Every file under its own name is whole."""
    for path in out.rglob("*"):
        if path.is_dir() or path.name.startswith("."):
            continue
        text = path.read_text(encoding="utf-8")
        match path.name:
            case "report.json":
                assert Report.from_json(text).student == path.parent.name
            case "run.json":
                assert json.loads(text)["faults"] == {}
            case "report.html":
                assert text.rstrip().endswith("</html>")
            case "summary.csv":
                rows = list(csv.reader(io.StringIO(text)))
                assert text.endswith("\n")
                assert len({len(row) for row in rows}) == 1
            case other:
                pytest.fail(f"a killed grader left {other}, which none writes")


def run_lane(lane: int, kills: int, submissions: Path, folder: Path, untouched: Untouched) -> str:
    """Kills one grader after another; what each was doing, and how long its processes stayed."""
    draw = random.Random(lane)
    lines = []
    out = folder / f"{lane}-0"
    with Launcher(submissions, folder / f"{lane}.txt") as launcher:
        for number in range(kills):
            if draw.random() < 0.5:
                out = folder / f"{lane}-{number}"
            moment = MOMENTS[(number + lane) % len(MOMENTS)]
            grader = launcher.start(out, (*HONEST, "zoe"))
            await_moment(draw, moment, launcher, grader, out, untouched.seconds)
            processes = launcher.kill(grader)
            begun = time.monotonic()
            commands = [process.command for process in survivors(processes, GONE_WITHIN)]
            assert not commands, f"killed while {moment}, a grader left {commands}"
            seconds = time.monotonic() - begun
            lines.append(f"{moment}: {len(processes)} processes, gone after {seconds:.2f} s")
            check_files(out)
    assert run_to_the_end(submissions, out) == untouched.reports
    return "\n".join(lines)


def test_grade_leaves_no_process_and_no_partial_file_when_killed(
    submissions: Path, untouched: Untouched, tmp_path: Path
) -> None:
    shares = [KILLS // AT_A_TIME + (lane < KILLS % AT_A_TIME) for lane in range(AT_A_TIME)]
    with ThreadPoolExecutor() as pool:
        lanes = [
            pool.submit(run_lane, lane, share, submissions, tmp_path, untouched)
            for lane, share in enumerate(shares)
        ]
        lines = [lane.result() for lane in lanes]
    print("", f"first report after {untouched.seconds:.1f} s", *lines, sep="\n")  # pytest -s
