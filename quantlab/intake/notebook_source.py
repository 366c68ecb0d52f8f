"""Take the code out of a notebook that was submitted as `solution.py`.

The text is parsed as JSON, and nothing of it runs. Commands such as `%autoreload 2` stay: the
sandbox decides whether they are code (`quantlab.protocol.run_statements`).
"""

import json
import re
from typing import Any

from quantlab.errors import BadSource

# Cells of another language, or for a file. The lines below `%%time` and the like are Python.
_OTHER_CELL = re.compile(r"\s*%%(?!time|timeit|capture|prun)")
_CELL_COMMAND = re.compile(r"\s*%%[^\n]*")  # of the whole cell


def is_notebook(source: str) -> bool:
    """Return whether a text is a notebook's file."""
    return source.lstrip().startswith("{") and '"cells"' in source and '"cell_type"' in source


def code_of(source: str) -> str:
    """Return the code cells of a notebook, one below the other. Raise `BadSource`."""
    try:
        cells = json.loads(source).get("cells")
    except (ValueError, RecursionError) as error:
        raise BadSource(
            "solution.py is a notebook that is cut off or damaged: submit the Python file itself."
        ) from error
    codes = [_code(cell) for cell in cells] if isinstance(cells, list) else []
    text = "\n\n".join(code for code in codes if code.strip())
    if not text:
        raise BadSource("solution.py is a notebook without code: submit the Python file itself.")
    return text.encode("utf-8", "replace").decode() + "\n"  # JSON may contain half characters


def _code(cell: Any) -> str:
    """Return the source of a code cell of Python; "" for another cell."""
    if not isinstance(cell, dict) or cell.get("cell_type") != "code":
        return ""
    source = cell.get("source")
    text = "".join(map(str, source)) if isinstance(source, list) else str(source or "")
    if _OTHER_CELL.match(text):
        return ""
    return _CELL_COMMAND.sub("", text, count=1) if _CELL_COMMAND.match(text) else text
