"""What a program needs of a machine: memory and processor time of it and everything it starts.

Memory is the proportional set size (pages that processes share count once), sampled while the
program runs, so a very short peak may be missed. Linux only: elsewhere it is 0.
"""

import resource
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

INTERVAL = 0.25  # seconds between two samples
PROC = Path("/proc")
CONTAINERS = ((0.5, 0.75), (1.0, 1.5), (2.0, 3.0), (4.0, 6.0))  # Gradescope's: processors, GB


@dataclass(frozen=True)
class Footprint:
    """`memory` is the peak in bytes, `processor` the seconds of all processors together."""

    memory: int
    processor: float

    def sentence(self) -> str:
        """Return what was measured, and the smallest container of Gradescope that holds it."""
        fitting = [size for size in CONTAINERS if self.memory < size[1] * 2**30]
        processors, gigabytes = (fitting or [CONTAINERS[-1]])[0]
        return (
            f"Gradescope: one submission took {self.memory / 2**20:,.0f} MiB of memory and "
            f"{self.processor:.0f} s of processor time ({2 * self.processor:.0f} s on half a "
            f"processor). Choose the container of {processors:g} CPU and {gigabytes:g} GB RAM."
        )


def measure(
    process: subprocess.Popen[str], timeout: float
) -> tuple[subprocess.CompletedProcess[str], Footprint]:
    """Wait for a process and return what it wrote, its exit status and its footprint.

    Raises:
        subprocess.TimeoutExpired: It ran longer than `timeout` seconds, and was killed.
    """
    before, peak, waited = _children_seconds(), 0, 0.0
    while True:
        try:
            out, errors = process.communicate(timeout=INTERVAL)
            break
        except subprocess.TimeoutExpired:
            peak, waited = max(peak, _memory_of_tree(process.pid)), waited + INTERVAL
            if waited > timeout:
                process.kill()
                process.communicate()
                raise
    ended = subprocess.CompletedProcess(process.args, process.returncode, out, errors)
    return ended, Footprint(peak, _children_seconds() - before)


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _memory_of_tree(pid: int) -> int:
    return sum(_memory(process) for process in _tree(pid))


def _tree(pid: int) -> Iterator[int]:
    """Yield a process and all its descendants that can be listed."""
    yield pid
    for children in (PROC / str(pid) / "task").glob("*/children"):
        try:
            pids = children.read_text().split()
        except OSError:  # it ended meanwhile
            continue
        for child in pids:
            yield from _tree(int(child))


def _memory(pid: int) -> int:
    """Return bytes: proportional, or resident where another user's process shows no more."""
    try:
        lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    except (OSError, StopIteration):
        pass
    try:
        return int((PROC / str(pid) / "statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:  # it ended meanwhile
        return 0
