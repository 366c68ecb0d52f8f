"""What a class costs: time, memory, what a kill costs, and what a second worker gains.

    python -m benchmarks.whole_class functions --students 500   # every function check, two workers
    python -m benchmarks.whole_class models --students 100      # five models each: one worker, two
    python -m benchmarks.whole_class cluster --students 100     # two processes, then two of Dask's
    python -m benchmarks.whole_class killed --students 300      # killed five times; the marks

Classes are made up, and marked by the real command in processes of its own. Where the marks are
known every run also says how many are others, and `killed` compares its reports with those of an
undisturbed run, byte for byte; exit status 1 where one differs. Times mean something on a quiet
machine only; how fast the machine is at the moment, an import of torch tells.
"""

import argparse
import contextlib
import io
import json
import os
import random
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from authoring.rehearse.generated_class import EXPECTED, EXPORT, RehearsalOptions, make_class
from autograder.intake.submission import MODELS
from autograder.paths import REFERENCE, reference_models
from quantlab.paths import DATASETS, KIT

FUNCTIONS = "*[!ABq].[lgrSiqs]*"  # the checks that call functions, and no other
SOME_FUNCTIONS = "1a.*"
TRAINED = "2d.model.*"
_POLL_SECONDS = 0.05
_PAUSES = 50  # between two looks, times what one takes: who measures must not be what is measured


@dataclass(frozen=True)
class Made:
    """A class on disk, the checks that it is marked by, and on which data."""

    folder: Path
    check: str
    dataset: str

    def start(self, out: Path, *more: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "autograder", "batch", str(self.folder / EXPORT)]
        settings = ["--out", str(out), "--check", self.check, "--data", self.dataset]
        return subprocess.Popen(
            [*command, *settings, *more], cwd=KIT, stdout=subprocess.DEVNULL, stderr=None
        )

    def wrong_marks(self, out: Path) -> int:
        """How many students have other marks than those that were known; 0 where none are."""
        path = self.folder / EXPECTED
        known = json.loads(path.read_text())["students"] if path.exists() else {}
        wrong = 0
        for student, expected in known.items():
            report = out / "staff" / "reports" / student / "report.json"
            found = json.loads(report.read_text())["checks"] if report.exists() else []
            points = {c["id"]: c["points"] for c in found if c["source"] != "person"}
            wrong += points != expected["points"]
        return wrong


@dataclass(frozen=True)
class Run:
    """Seconds of a run, and until its first row was in the journal; its largest memory in MiB.

    `import_torch` is how many seconds that took a process of its own, just before.
    """

    seconds: float
    first_row: float
    memory: float
    import_torch: float


def measured(made: Made, out: Path, *more: str) -> Run:
    """One run to its end. Memory is that of the command, its workers and their sandboxes."""
    before, import_torch, started = rows(out), importing(), time.perf_counter()
    process = made.start(out, *more)
    first, largest = 0.0, 0.0
    while process.poll() is None:
        if not first and rows(out) > before:
            first = time.perf_counter() - started
        looked = time.perf_counter()
        largest = max(largest, memory_below(process.pid))
        pause = _POLL_SECONDS if not first else _PAUSES * (time.perf_counter() - looked)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(pause)
    if process.returncode not in (0, 1):
        raise SystemExit(f"The command ended with status {process.returncode}.")
    return Run(time.perf_counter() - started, first, largest, import_torch)


def importing() -> float:
    """Seconds that a process takes to import torch."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import torch"], check=True)
    return time.perf_counter() - started


def rows(out: Path) -> int:
    """How many checks are journaled below `out`."""
    path = out / ".journal" / "marks.sqlite"
    if not path.exists():
        return 0
    with contextlib.closing(sqlite3.connect(path, timeout=10)) as database:
        try:
            return int(database.execute("SELECT count(*) FROM marks").fetchone()[0])
        except sqlite3.OperationalError:  # it is being made
            return 0


def memory_below(pid: int) -> float:
    """MiB of a process and all that it started, each shared page counted once (PSS)."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(path.parent.name))
    total, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        waiting += children.get(one, [])
        with contextlib.suppress(OSError, StopIteration):
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
            total += int(next(line for line in lines if line.startswith("Pss:")).split()[1])
    return total / 1024


def functions(students: int, dataset: str, folder: Path) -> int:
    made = fake(students, dataset, folder, FUNCTIONS)
    run = measured(made, folder / "marks", "--jobs", "2")
    show(f"{students} submissions, function checks, two workers", run)
    again = folder / "again"
    killed = made.start(again, "--jobs", "2")
    while rows(again) < rows(folder / "marks") / 2:
        time.sleep(_POLL_SECONDS)
    killed.kill()
    killed.wait()
    run = measured(made, again, "--jobs", "2")
    show("killed half-way, and gone on", run)
    return made.wrong_marks(folder / "marks") + made.wrong_marks(again)


def models(students: int, dataset: str, folder: Path) -> int:
    made = Made(folder, TRAINED, dataset)
    for number in range(students):
        own = folder / EXPORT / f"student{number}"
        own.mkdir(parents=True)
        shutil.copy(REFERENCE, own / "solution.py")
        for name in MODELS:
            (own / name).write_bytes(slightly_other(reference_models(dataset) / name, number))
    one = measured(made, folder / "one", "--jobs", "1")
    show(f"{students} submissions with five models each, one worker", one)
    two = measured(made, folder / "two", "--jobs", "2")
    show("two workers", two)
    print(f"two workers are {one.seconds / two.seconds:.2f} times as fast as one")
    return 0


def slightly_other(model: Path, number: int) -> bytes:
    """The same model with one bias moved by a hair, so that it is measured again."""
    values = torch.load(model, weights_only=True)
    name = next(n for n, v in values.items() if isinstance(v, torch.Tensor) and "bias" in n)
    values[name] = values[name] + (number + 1) * 1e-6
    stream = io.BytesIO()
    torch.save(values, stream)
    return stream.getvalue()


def cluster(students: int, dataset: str, folder: Path) -> int:
    made = fake(students, dataset, folder, SOME_FUNCTIONS)
    here = measured(made, folder / "here", "--jobs", "2")
    show(f"{students} submissions, question 1a, two processes", here)
    with dask(folder) as address:
        there = measured(made, folder / "there", "--scheduler", address)
    show("two Dask workers", there)
    print(f"the cluster takes {100 * (there.seconds / here.seconds - 1):+.0f} %")
    return made.wrong_marks(folder / "here") + made.wrong_marks(folder / "there")


@contextlib.contextmanager
def dask(folder: Path) -> Iterator[str]:
    """A scheduler and two workers on loopback."""
    from distributed import Client  # noqa: PLC0415 - an extra

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    local = ["--host", "127.0.0.1", "--no-dashboard"]
    worker = ["worker", address, *local, "--nthreads", "1", "--local-directory", str(folder)]
    commands = [["scheduler", *local, "--port", str(port)], worker, worker]
    started = []
    try:
        for command in commands:
            program = [sys.executable, "-m", "dask", *command]
            environment = {**os.environ, "PYTHONPATH": str(KIT)}
            quiet = subprocess.DEVNULL
            started.append(
                subprocess.Popen(program, cwd=KIT, env=environment, stdout=quiet, stderr=quiet)
            )
        with Client(address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)  # their own start is not the class's
        yield address
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()


def killed(students: int, dataset: str, folder: Path, kills: int = 5, seed: int = 1) -> int:
    made = fake(students, dataset, folder, SOME_FUNCTIONS)
    undisturbed = measured(made, folder / "undisturbed", "--jobs", "2")
    show(f"{students} submissions, question 1a, undisturbed", undisturbed)
    rng, out = random.Random(seed), folder / "disturbed"
    total = rows(folder / "undisturbed")
    for number in range(kills):
        process, enough = made.start(out, "--jobs", "2"), rows(out) + rng.randrange(total // kills)
        while process.poll() is None and rows(out) < enough:
            time.sleep(_POLL_SECONDS)
        time.sleep(rng.random())  # so that it may be anywhere in a check, a start or an end
        process.kill()
        process.wait()
        print(f"kill {number + 1}: {rows(out):,} of {total:,} rows in the journal", flush=True)
    show("the same command once more", measured(made, out, "--jobs", "2"))
    first, second = reports(folder / "undisturbed"), reports(out)
    differ = sum(first.get(s) != second.get(s) for s in {*first, *second})
    print(f"{differ} of {len(first)} reports differ from those of the undisturbed run")
    return differ + made.wrong_marks(out)


def reports(out: Path) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in out.glob("staff/reports/*/report.json")}


def fake(students: int, dataset: str, folder: Path, check: str) -> Made:
    make_class(RehearsalOptions(students, 1, folder, "canvas", dataset, check))
    return Made(folder, check, dataset)


def show(what: str, run: Run) -> None:
    print(
        f"{what:58} {run.seconds:8.1f} s; first row after {run.first_row:.1f} s "
        f"(import torch: {run.import_torch:.1f}); {run.memory:,.0f} MiB",
        flush=True,
    )


_BENCHMARKS = {"functions": functions, "models": models, "cluster": cluster, "killed": killed}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.whole_class",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=_BENCHMARKS)
    parser.add_argument("--students", type=int, default=20)
    parser.add_argument("--data", choices=DATASETS, default="shapes10")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wrong = _BENCHMARKS[options.what](options.students, options.data, Path(folder))
    print(f"{wrong} marks are not what they must be")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
