"""Measure how much a hostile submission slows an honest one that is graded beside it.

    python -m benchmarks.slow_neighbor

Two sandboxes run at a time, as with `grade --jobs 2`. The time of the honest one beside each
hostile neighbor is a multiple of its time beside an honest neighbor that computes without a pause.
Rounds alternate, so that other load affects both. With two processors a fair share is a multiple of
1; without a neighbor it may be less.

If the kernel shares processors by session (`sched_autogroup_enabled`), many threads count as one
program. It does not in containers with a limit on processors: measure there too.
"""

import argparse
import itertools
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from autograder.exit_status import USAGE
from autograder.sandbox.host import Sandbox
from autograder.sandbox.limits import Limits
from autograder.sandbox.self_test import IsolationUnavailable
from quantlab.protocol.calls import Call, Failure, Input, Program

_AUTOGROUP = Path("/proc/sys/kernel/sched_autogroup_enabled")

# One check of an honest submission: a convolution there and back, some tenths of a second.
HONEST = """
import torch
def f(x, weight):
    for _ in range(40):
        x = torch.nn.functional.conv2d(x, weight, padding=1).clamp(-1, 1)
    return x.sum()
"""
INPUTS = {
    "x": np.ones((8, 16, 32, 32), np.float32),
    "weight": np.full((16, 16, 3, 3), 0.01, np.float32),
}
CHECK = Program((Call("f", (Input("x"), Input("weight"))),), INPUTS)

# Each is run again as soon as it has been stopped. None is no neighbor at all.
NEIGHBORS: dict[str, str | None] = {
    "computes honestly": HONEST + "f(torch.ones(8, 16, 32, 32), torch.ones(16, 16, 3, 3) / 100)\n",
    "is not there": None,
    "spins in one thread": "while True: pass",
    "spins in 200 threads of Python": (
        "import threading\n"
        "def spin():\n    while True: pass\n"
        "for _ in range(200): threading.Thread(target=spin, daemon=True).start()\n"
        "spin()\n"
    ),
    "computes in 200 threads of its own": (
        "import hashlib, threading\n"
        "block = bytes(1 << 24)\n"
        "def spin():\n    while True: hashlib.sha256(block)\n"  # without Python's lock
        "for _ in range(200): threading.Thread(target=spin, daemon=True).start()\n"
        "spin()\n"
    ),
    "computes in 200 threads of torch": (
        "import torch\ntorch.set_num_threads(200)\nx = torch.ones(2000, 2000)\nwhile True: x @ x\n"
    ),
    "takes and frees memory": "while True: bytearray(b'x') * (1 << 29)",
    "faults pages": (
        "import mmap\n"
        "while True:\n"
        "    pages = mmap.mmap(-1, 1 << 29)\n"
        "    for at in range(0, 1 << 29, 4096): pages[at] = 1\n"
        "    pages.close()\n"
    ),
    "floods the memory bus": ("import torch\nx = torch.ones(1 << 26)\nwhile True: x.add_(1)\n"),
    "floods its output": "while True: print('x' * 65536, flush=True)",
    "floods its reply": "import os\nwhile True: os.write(3, b'x' * 65536)",
    "calls the kernel without end": "import os\nwhile True: os.getppid()",
    "is born and dies": "import os\nos._exit(0)",
}


def main() -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.slow_neighbor")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="Rounds (default: 5).")
    parser.add_argument(
        "--checks", type=int, default=5, metavar="N", help="Checks per round (default: 5)."
    )
    options = parser.parse_args()
    # Short enough that a neighbor is also started and stopped within a round.
    limits = replace(Limits(), import_cpu_seconds=3, import_wall_seconds=9.0)
    try:
        with ExitStack() as both:
            mine = both.enter_context(Sandbox())
            theirs = both.enter_context(Sandbox(limits=limits))
            return _compare(mine, theirs, options.rounds, options.checks)
    except IsolationUnavailable as problem:
        print(problem, file=sys.stderr)
        return USAGE


def _compare(mine: Sandbox, theirs: Sandbox, rounds: int, checks: int) -> int:
    by_session = _AUTOGROUP.exists() and _AUTOGROUP.read_text().strip() == "1"
    print(
        f"{mine.isolation}; {rounds} rounds of {checks} checks beside each; processors are shared "
        f"out by {'session' if by_session else 'thread'}"
    )
    times: dict[str, list[float]] = {name: [] for name in NEIGHBORS}
    for _, (name, source) in itertools.product(range(rounds), NEIGHBORS.items()):
        with _beside(theirs, source):
            times[name].append(_seconds(mine, checks))
    beside_honest = times["computes honestly"]
    for name, own in times.items():
        ratios = [ours / peer for ours, peer in zip(own, beside_honest, strict=True)]
        print(
            f"a neighbor that {name:36} {statistics.median(ratios):5.2f} times "
            f"({min(ratios):.2f} to {max(ratios):.2f})   {statistics.median(own):.2f} s",
            flush=True,
        )
    return 0


def _seconds(sandbox: Sandbox, checks: int) -> float:
    """Return the seconds of one check."""
    started = time.perf_counter()
    for _ in range(checks):
        outcome = sandbox.run(HONEST, CHECK)
        if isinstance(outcome, Failure):
            raise RuntimeError(f"an honest submission failed beside this: {outcome.message}")
    return (time.perf_counter() - started) / checks


@contextmanager
def _beside(sandbox: Sandbox, source: str | None) -> Iterator[None]:
    """Run `source` again and again in another thread."""
    stop = threading.Event()

    def run() -> None:
        while source is not None and not stop.is_set():
            sandbox.import_source(source)

    neighbor = threading.Thread(target=run)
    neighbor.start()
    time.sleep(0.3)  # until it runs
    try:
        yield
    finally:
        stop.set()
        neighbor.join()


if __name__ == "__main__":
    raise SystemExit(main())
