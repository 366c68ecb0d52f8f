"""Show the progress of long work: a bar in a terminal, lines elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_LINES = 10  # of one piece of work, where there is no terminal


@contextmanager
def show_progress(title: str, total: int) -> Iterator[Callable[[], None]]:
    """Yield a function to call after each of `total` items. Write to stderr."""
    if sys.stderr.isatty():
        columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            bar = progress.add_task("", total=total)
            yield lambda: progress.advance(bar)
        return
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        if done == total or done * _LINES // total != (done - 1) * _LINES // total:
            print(f"{title}: {done:,} of {total:,}", file=sys.stderr, flush=True)

    yield advance
