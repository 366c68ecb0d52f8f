"""Parse the notebook of a student only if its size is plausible."""

import json
from collections.abc import Iterator
from typing import Any

from quantlab.errors import UnreadableFile
from quantlab.intake.contents import MIB

LARGEST_NOTEBOOK = 16 * MIB  # bytes; a notebook with every figure has some 3 MB
_MOST_CELLS = 5_000  # cells and outputs together
_MOST_BRACKETS = 1_000_000  # each list or object needs 60 to 250 bytes of memory


def load_notebook(content: bytes) -> Any:
    """Return the JSON of a notebook, which may be of any form.

    Raises:
        UnreadableFile: it is too large, or has too many cells and outputs.
        ValueError, RecursionError: it is not JSON.
    """
    if len(content) > LARGEST_NOTEBOOK:
        raise UnreadableFile(f"is larger than {LARGEST_NOTEBOOK // MIB} MiB: open it in the export")
    if content.count(b"{") + content.count(b"[") > _MOST_BRACKETS:
        raise UnreadableFile(
            f"has more than {_MOST_BRACKETS:,} lists and objects: open it in the export"
        )
    notebook = json.loads(content)
    if sum(1 + len(_list(cell, "outputs")) for cell in _cells(notebook)) > _MOST_CELLS:
        raise UnreadableFile(
            f"has more than {_MOST_CELLS:,} cells and outputs: open it in the export"
        )
    return notebook


def _cells(notebook: Any) -> Iterator[Any]:
    """Yield the cells of a notebook of any version; older ones have worksheets."""
    for sheet in (notebook, *_list(notebook, "worksheets")):
        yield from _list(sheet, "cells")


def _list(value: Any, key: str) -> list[Any]:
    items = value.get(key) if isinstance(value, dict) else None
    return items if isinstance(items, list) else []
