"""Rehearse in a terminal: progress, the table, the exit status."""

import sys
from pathlib import Path

from quantlab.errors import KitError
from quantlab.rehearsal.rehearse import rehearse
from quantlab.rehearsal.table import RehearsalTable, plain_text

COMPLETE, LOOK, CANNOT_START = 0, 1, 2


def rehearse_in_terminal(path: Path) -> int:
    """Print what the grader would make of `path`; return the exit status of the command."""
    progress = _Progress()
    try:
        rehearsal = rehearse(path, progress.show)
    except KitError as problem:
        progress.clear()
        print(plain_text(str(problem), sys.stderr.encoding), file=sys.stderr)
        return CANNOT_START
    progress.clear()
    table = repr(RehearsalTable(f"{path}, read as the grader reads it", rehearsal))
    print(plain_text(table, sys.stdout.encoding))
    return COMPLETE if rehearsal.is_complete else LOOK


class _Progress:
    """One line of a terminal that each step overwrites; silent elsewhere."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()

    def show(self, words: str) -> None:
        if self._is_shown:
            print(f"\r\x1b[K{words} ...", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        if self._is_shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
