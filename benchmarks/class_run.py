"""Measure the grading of a class: time, memory, the cost of a kill, the gain of a second worker.

    python -m benchmarks.class_run functions --students 500   # every function check, two workers
    python -m benchmarks.class_run models --students 100      # five models each: one worker, two
    python -m benchmarks.class_run cluster --students 100     # two processes, then two of Dask's
    python -m benchmarks.class_run killed --students 300      # killed five times; the scores

Classes are generated, and graded by the real command in processes of its own. Where the scores are
known, every run also prints how many differ. `killed` compares its reports with those of an
undisturbed run, byte for byte. Exit status 1 if one differs. Times are meaningful on an idle
machine only; the time to import torch shows how fast it is at the moment.
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
from autograder.paths import REFERENCE, reference_models
from quantlab.intake.submission import MODELS
from quantlab.paths import DATASETS, KIT

FUNCTIONS = "*[!ABq].[lgrSiqs]*"  # the checks that call functions, and no other
SOME_FUNCTIONS = "1a.*"
TRAINED = "2d.model.*"
_POLL_SECONDS = 0.05
_PAUSES = 50  # in units of one measurement, so that measuring does not disturb the run


@dataclass(frozen=True)
class GeneratedClass:
    """A class on disk, the checks that it is graded by, and its data set."""

    folder: Path
    check: str
    dataset: str

    def start(self, out: Path, *more: str) -> "subprocess.Popen[bytes]":
        """Start grading it into `out`, with more options."""
        command = [sys.executable, "-m", "autograder", "batch", str(self.folder / EXPORT)]
        settings = ["--out", str(out), "--check", self.check, "--data", self.dataset]
        return subprocess.Popen(
            [*command, *settings, *more], cwd=KIT, stdout=subprocess.DEVNULL, stderr=None
        )

    def wrong_scores(self, out: Path) -> int:
        """Return the number of students whose scores differ from the known ones, if any are."""
        path = self.folder / EXPECTED
        expected_scores = json.loads(path.read_text())["students"] if path.exists() else {}
        wrong = 0
        for student, expected in expected_scores.items():
            report = out / "staff" / "reports" / student / "report.json"
            checks = json.loads(report.read_text())["checks"] if report.exists() else []
            points = {c["id"]: c["points"] for c in checks if c["source"] != "person"}
            wrong += points != expected["points"]
        return wrong


@dataclass(frozen=True)
class RunCost:
    """Seconds of a run, and until its first row was in the journal; its largest memory in MiB.

    `import_torch` is the seconds of an import in a process of its own, just before.
    """

    seconds: float
    first_row: float
    memory: float
    import_torch: float


def measure(generated: GeneratedClass, out: Path, *more: str) -> RunCost:
    """Return the cost of one run.

    Memory is that of the command, its workers and their sandboxes.
    """
    before, import_torch, started = (
        journaled_checks(out),
        import_torch_seconds(),
        time.perf_counter(),
    )
    process = generated.start(out, *more)
    first, largest = 0.0, 0.0
    while process.poll() is None:
        if not first and journaled_checks(out) > before:
            first = time.perf_counter() - started
        looked = time.perf_counter()
        largest = max(largest, memory_below(process.pid))
        pause = _POLL_SECONDS if not first else _PAUSES * (time.perf_counter() - looked)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(pause)
    if process.returncode not in (0, 1):
        raise SystemExit(f"The command ended with status {process.returncode}.")
    return RunCost(time.perf_counter() - started, first, largest, import_torch)


def import_torch_seconds() -> float:
    """Return the seconds that a process takes to import torch."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import torch"], check=True)
    return time.perf_counter() - started


def journaled_checks(out: Path) -> int:
    """Return the number of checks in the journal below `out`."""
    path = out / ".journal" / "marks.sqlite"
    if not path.exists():
        return 0
    with contextlib.closing(sqlite3.connect(path, timeout=10)) as database:
        try:
            return int(database.execute("SELECT count(*) FROM marks").fetchone()[0])
        except sqlite3.OperationalError:  # the table does not exist yet
            return 0


def memory_below(pid: int) -> float:
    """Return the MiB of a process and its descendants, each shared page counted once (PSS)."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(path.parent.name))
    total, waiting = 0, [pid]
    while waiting:
        process = waiting.pop()
        waiting += children.get(process, [])
        with contextlib.suppress(OSError, StopIteration):
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
            total += int(next(line for line in lines if line.startswith("Pss:")).split()[1])
    return total / 1024


def functions(students: int, dataset: str, folder: Path) -> int:
    """Measure the function checks, and a run that was killed half-way; return wrong scores."""
    generated = generate(students, dataset, folder, FUNCTIONS)
    run = measure(generated, folder / "results", "--jobs", "2")
    print_cost(f"{students} submissions, function checks, two workers", run)
    again = folder / "again"
    killed = generated.start(again, "--jobs", "2")
    while journaled_checks(again) < journaled_checks(folder / "results") / 2:
        time.sleep(_POLL_SECONDS)
    killed.kill()
    killed.wait()
    run = measure(generated, again, "--jobs", "2")
    print_cost("killed half-way, and resumed", run)
    return generated.wrong_scores(folder / "results") + generated.wrong_scores(again)


def models(students: int, dataset: str, folder: Path) -> int:
    """Measure five models each, with one worker and with two; return wrong scores."""
    generated = GeneratedClass(folder, TRAINED, dataset)
    for number in range(students):
        own = folder / EXPORT / f"student{number}"
        own.mkdir(parents=True)
        shutil.copy(REFERENCE, own / "solution.py")
        for name in MODELS:
            (own / name).write_bytes(slightly_other(reference_models(dataset) / name, number))
    single = measure(generated, folder / "one", "--jobs", "1")
    print_cost(f"{students} submissions with five models each, one worker", single)
    double = measure(generated, folder / "two", "--jobs", "2")
    print_cost("two workers", double)
    print(f"two workers are {single.seconds / double.seconds:.2f} times as fast as one")
    return 0


def slightly_other(model: Path, number: int) -> bytes:
    """Return a saved model with one bias changed a little, so that it is measured again."""
    values = torch.load(model, weights_only=True)
    name = next(n for n, v in values.items() if isinstance(v, torch.Tensor) and "bias" in n)
    values[name] = values[name] + (number + 1) * 1e-6
    stream = io.BytesIO()
    torch.save(values, stream)
    return stream.getvalue()


def cluster(students: int, dataset: str, folder: Path) -> int:
    """Measure two processes and two Dask workers; return wrong scores."""
    generated = generate(students, dataset, folder, SOME_FUNCTIONS)
    here = measure(generated, folder / "here", "--jobs", "2")
    print_cost(f"{students} submissions, question 1a, two processes", here)
    with dask_cluster(folder) as address:
        there = measure(generated, folder / "there", "--scheduler", address)
    print_cost("two Dask workers", there)
    print(f"the cluster takes {100 * (there.seconds / here.seconds - 1):+.0f} %")
    return generated.wrong_scores(folder / "here") + generated.wrong_scores(folder / "there")


@contextlib.contextmanager
def dask_cluster(folder: Path) -> Iterator[str]:
    """Yield the address of a Dask scheduler with two workers on loopback."""
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
    """Measure a run that is killed several times; return wrong scores and differing reports."""
    generated = generate(students, dataset, folder, SOME_FUNCTIONS)
    undisturbed = measure(generated, folder / "undisturbed", "--jobs", "2")
    print_cost(f"{students} submissions, question 1a, undisturbed", undisturbed)
    rng, out = random.Random(seed), folder / "disturbed"
    total = journaled_checks(folder / "undisturbed")
    for number in range(kills):
        process, enough = (
            generated.start(out, "--jobs", "2"),
            journaled_checks(out) + rng.randrange(total // kills),
        )
        while process.poll() is None and journaled_checks(out) < enough:
            time.sleep(_POLL_SECONDS)
        time.sleep(rng.random())  # anywhere in a check, a start or an end
        process.kill()
        process.wait()
        print(
            f"kill {number + 1}: {journaled_checks(out):,} of {total:,} rows in the journal",
            flush=True,
        )
    print_cost("the same command once more", measure(generated, out, "--jobs", "2"))
    first, second = reports(folder / "undisturbed"), reports(out)
    differ = sum(first.get(s) != second.get(s) for s in {*first, *second})
    print(f"{differ} of {len(first)} reports differ from those of the undisturbed run")
    return differ + generated.wrong_scores(out)


def reports(out: Path) -> dict[str, bytes]:
    """Return {student: report.json} below `out`."""
    return {path.parent.name: path.read_bytes() for path in out.glob("staff/reports/*/report.json")}


def generate(students: int, dataset: str, folder: Path, check: str) -> GeneratedClass:
    """Return a generated class."""
    make_class(RehearsalOptions(students, 1, folder, "canvas", dataset, check))
    return GeneratedClass(folder, check, dataset)


def print_cost(what: str, run: RunCost) -> None:
    """Print the cost of a run."""
    print(
        f"{what:58} {run.seconds:8.1f} s; first row after {run.first_row:.1f} s "
        f"(import torch: {run.import_torch:.1f}); {run.memory:,.0f} MiB",
        flush=True,
    )


_BENCHMARKS = {"functions": functions, "models": models, "cluster": cluster, "killed": killed}


def main() -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.class_run",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=_BENCHMARKS)
    parser.add_argument("--students", type=int, default=20)
    parser.add_argument("--data", choices=DATASETS, default="shapes10")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wrong = _BENCHMARKS[options.what](options.students, options.data, Path(folder))
    print(f"{wrong} scores differ from the expected ones")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
