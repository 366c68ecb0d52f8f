"""The cells that ran in this kernel, and when: IPython's history with times.

`record_executed_cells` begins to note times. Cells that ran before count as run at that moment.
"""

import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

_KEPT = "quantlab_executed_cells"  # the attribute of IPython's shell that holds the recorder


@dataclass(frozen=True)
class ExecutedCell:
    """The source of a cell as it ran, and the time in seconds since the epoch."""

    source: str
    ran_at: float


def record_executed_cells() -> None:
    """Note from now on when a cell runs. Outside IPython do nothing."""
    shell = _shell()
    if shell is not None and not hasattr(shell, _KEPT):
        recorder = _Recorder(shell)
        shell.events.register("pre_run_cell", recorder.before_cell)
        setattr(shell, _KEPT, recorder)


def executed_cells() -> tuple[ExecutedCell, ...]:
    """Return the cells that ran in this kernel, in order; none outside IPython."""
    recorder = getattr(_shell(), _KEPT, None)
    return () if recorder is None else tuple(recorder.cells)


def normalize(source: str) -> str:
    """Return the source of a cell without spaces at the ends of lines and blank lines around it."""
    return "\n".join(line.rstrip() for line in source.splitlines()).strip("\n")


def unsaved_cells(
    executed: Iterable[ExecutedCell], saved: Iterable[str], saved_at: float
) -> tuple[str, ...]:
    """Return the cells that ran after `saved_at` and are not among the `saved` sources.

    A cell that ran earlier and is not there was edited or deleted before the file was saved.
    """
    sources = {normalize(source) for source in saved}
    late = (normalize(cell.source) for cell in executed if cell.ran_at > saved_at)
    return tuple(dict.fromkeys(source for source in late if source and source not in sources))


class _Recorder:
    def __init__(self, shell: Any) -> None:
        now = time.time()
        self.cells = [ExecutedCell(source, now) for source in shell.history_manager.input_hist_raw]

    def before_cell(self, info: Any) -> None:
        if getattr(info, "store_history", True):
            self.cells.append(ExecutedCell(info.raw_cell, time.time()))


def _shell() -> Any:
    """Return the IPython that runs this code; None without one."""
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()
