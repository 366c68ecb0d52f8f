"""Show how far grading is: a bar in a terminal, lines of text in a log.

A line is printed after each twentieth of the work, and after 30 s at the latest once something is
graded. What was graded in an earlier run does not count, because it would distort the time left.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from autograder.report.wording import verdict_counts

SECONDS = 30.0  # between two lines, if something was graded
LINES = 20  # about as many are printed for a class
SHOWN = 5  # kinds of verdicts


class GradingProgress(Protocol):
    """Shows how many of the submissions are graded, and how their checks ended."""

    def advance(self, verdicts: Mapping[str, int]) -> None:
        """Count one more graded submission."""

    def skip(self, verdicts: Mapping[str, int]) -> None:
        """Leave one out that needed no grading."""


@contextmanager
def show_progress(total: int, console: Console) -> Iterator[GradingProgress]:
    """Show the progress of `total` submissions until the end of the context."""
    if not console.is_terminal:
        yield ProgressLines(total, console)
        return
    columns = (
        TextColumn("Grading"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[verdicts]}"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield _ProgressBar(total, progress)


class ProgressLines:
    """Prints lines such as "Graded 30 of 300 submissions in 4 min, about 36 min left"."""

    def __init__(
        self, total: int, console: Console, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin to measure; `clock` returns seconds."""
        self._total = total
        self._console = console
        self._clock = clock
        self._began = self._printed = clock()
        self._done = self._done_then = 0
        self._verdicts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def advance(self, verdicts: Mapping[str, int]) -> None:
        """Count one more graded submission, and print a line if one is due."""
        with self._lock:
            self._verdicts.update(verdicts)
            self._done += 1
            now = self._clock()
            step = max(self._total // LINES, 1)
            due = self._done - self._done_then >= step or now - self._printed >= SECONDS
            if due or self._done == self._total:
                self._print(now)

    def skip(self, verdicts: Mapping[str, int]) -> None:
        """Leave one out that needed no grading."""
        with self._lock:
            self._verdicts.update(verdicts)
            self._total -= 1

    def _print(self, now: float) -> None:
        self._printed, self._done_then = now, self._done
        seconds = now - self._began
        left = seconds / self._done * (self._total - self._done)
        sentence = f"Graded {self._done:,} of {self._total:,} submissions in {duration(seconds)}"
        if self._done < self._total:
            sentence += f", about {duration(left)} left"
        counts = verdict_counts(self._verdicts, SHOWN)
        self._console.print(Text(f"{sentence}{f': {counts}' if counts else ''}."), soft_wrap=True)


class _ProgressBar:
    def __init__(self, total: int, progress: Progress) -> None:
        self._progress = progress
        self._total = total
        self._verdicts: Counter[str] = Counter()
        self._task = progress.add_task("", total=total, verdicts="")

    def advance(self, verdicts: Mapping[str, int]) -> None:
        self._verdicts.update(verdicts)
        self._progress.update(self._task, advance=1, verdicts=verdict_counts(self._verdicts, SHOWN))

    def skip(self, verdicts: Mapping[str, int]) -> None:
        self._verdicts.update(verdicts)
        self._total -= 1
        self._progress.update(
            self._task, total=self._total, verdicts=verdict_counts(self._verdicts, SHOWN)
        )


def duration(seconds: float) -> str:
    """Return a time in one unit that suits it.

    Examples:
        >>> duration(3.4), duration(150), duration(9000)
        ('3 s', '2 min', '2.5 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
