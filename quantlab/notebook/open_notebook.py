"""Find the notebook that is open: the one whose cells ran in this kernel.

VS Code and Jupyter name it. A server that renamed it, or another editor, does not: then it is the
notebook of the folder that contains most of the cells that ran, has more written answers, and was
saved last. Colab sends the notebook, which is no file there.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quantlab.formats.submission_files import NOTEBOOK
from quantlab.formats.written_answers import unwritten_answers
from quantlab.notebook.executed_cells import ExecutedCell, normalize, unsaved_cells

_VS_CODE = "__vsc_ipynb_file__"  # a variable that VS Code sets in the kernel
_JUPYTER = "JPY_SESSION_NAME"
_MOST_READ = 50  # notebooks of a folder


@dataclass(frozen=True)
class SavedNotebook:
    """A notebook as it is on disk.

    Attributes:
        path: Its file.
        content: Its bytes.
        saved_at: When it was saved, in seconds since the epoch.
        sources: The sources of its code cells; none if it is damaged.
        unwritten: How many places for a written answer are as released.
    """

    path: Path
    content: bytes
    saved_at: float
    sources: tuple[str, ...]
    unwritten: int

    def unsaved(self, executed: Sequence[ExecutedCell]) -> tuple[str, ...]:
        """Return the cells that ran since it was saved and are not in it."""
        return unsaved_cells(executed, self.sources, self.saved_at)


def open_notebook(folder: Path, executed: Sequence[ExecutedCell]) -> SavedNotebook | None:
    """Return the open notebook as last saved; None if there is none in `folder`."""
    for path in _named(folder):
        if (saved := _read(path)) is not None:
            return saved
    notebooks = notebooks_in(folder)
    ran = {normalize(cell.source) for cell in executed}
    if not ran:
        notebooks = [saved for saved in notebooks if saved.path.name == NOTEBOOK]

    def rank(saved: SavedNotebook) -> tuple[int, int, float]:
        shared = ran.intersection(map(normalize, saved.sources))
        return len(shared), -saved.unwritten, saved.saved_at

    return max(notebooks, key=rank, default=None)


def notebooks_in(folder: Path) -> list[SavedNotebook]:
    """Return the notebooks that are directly in `folder`, by name."""
    paths = sorted(folder.glob("*.ipynb"))[:_MOST_READ]
    return [saved for path in paths if (saved := _read(path)) is not None]


def _named(folder: Path) -> list[Path]:
    """Return where the editor says that the notebook is."""
    variables: Mapping[str, Any] = vars(sys.modules["__main__"])
    names = [str(variables.get(_VS_CODE, "")), os.environ.get(_JUPYTER, "")]
    paths = [Path(name) for name in names if name.endswith(".ipynb")]
    return [place for path in paths for place in (path, folder / path.name)]


def _read(path: Path) -> SavedNotebook | None:
    try:
        content, saved_at = path.read_bytes(), path.stat().st_mtime
    except OSError:
        return None
    sources: list[str] = []
    try:
        for cell in json.loads(content)["cells"]:
            if cell["cell_type"] == "code":
                sources.append("".join(cell["source"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        sources = []
    return SavedNotebook(path, content, saved_at, tuple(sources), unwritten_answers(content))
