"""The cost of whole processes: to start, to hold a submission's models, to map the data again."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from authoring.examples import write_examples
from benchmarks.ratios import Measurement, seconds
from quantlab.data.cifar10 import load_dataset
from quantlab.paths import KIT

STARTS = 5  # per run, of which the fastest counts: nothing makes a start faster than it is
MEGABYTE = 1e6
_COUNT = """
import json, resource, subprocess, sys
status = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
print(json.dumps([status, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]))
"""


def measure_processes(dataset: str, runs: int) -> Iterator[Measurement]:
    """Yield the measurements."""
    yield Measurement(
        "start: python -m autograder --help",
        "",
        "s",
        tuple(min(seconds(_help, STARTS)) for _ in range(runs)),
        must=0.3,
        aim=0.15,
    )
    load_dataset(dataset, "test")
    loads = (min(seconds(lambda: load_dataset(dataset, "test"), STARTS)) for _ in range(runs))
    yield Measurement(
        f"data: second load of {dataset}",
        "",
        "ms",
        tuple(1000 * load for load in loads),
        must=50,
        aim=10,
    )
    with tempfile.TemporaryDirectory() as folder:
        write_examples(dataset, Path(folder))
        command = [
            *("-m", "autograder", "grade", str(Path(folder) / "reference")),
            *("--data", dataset, "--out", str(Path(folder) / "results")),
        ]
        bare = _largest(("-c", "import torch"))
        yield Measurement(
            "memory of the largest process of grade, all checks and models",
            "import torch",
            "MB more",
            tuple(_largest(command) - bare for _ in range(runs)),
            must=350,
            aim=200,
        )


def _help() -> None:
    _run(("-m", "autograder", "--help"))


def _run(arguments: Sequence[str]) -> None:
    subprocess.run([sys.executable, *arguments], cwd=KIT, check=True, stdout=subprocess.DEVNULL)


def _largest(arguments: Sequence[str]) -> float:
    """Return the largest resident size, in MB, among a Python process and its children.

    A process counts the size of its parent as its own until it is larger itself. Therefore a small
    process is in between, and counts its children.
    """
    between = [sys.executable, "-c", _COUNT, sys.executable, *arguments]
    process = subprocess.run(between, cwd=KIT, check=True, stdout=subprocess.PIPE)
    status, kilobytes = json.loads(process.stdout)
    if status not in (0, 1):  # 1: written answers need review
        raise subprocess.CalledProcessError(status, list(arguments))
    return float(kilobytes) * 1024 / MEGABYTE
