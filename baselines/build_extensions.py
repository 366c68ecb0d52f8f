"""From the master `baselines/extensions.py` to `extensions.ipynb`, the optional lab.

    python -m baselines.build_extensions           # writes extensions.ipynb
    python -m baselines.build_extensions --check   # writes nothing; status 1 when it drifted

The master is jupytext's percent format. Every cell has an attribute `cell`, which becomes its id,
so that the same master gives the same bytes; `role="drop"` leaves a cell out. It can fail with a
`ValueError` for a cell without an id, or with the id of another.
"""

import argparse
import sys
from collections.abc import Sequence

import jupytext
import nbformat

from quantlab.atomic_files import write_text_atomically
from quantlab.paths import KIT

MASTER = KIT / "baselines" / "extensions.py"
NOTEBOOK = KIT / "extensions.ipynb"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def extensions_notebook(master: str) -> str:
    """The notebook, JSON text without outputs, of the text of a master. Raises `ValueError`."""
    cells, seen = [], set()
    for number, cell in enumerate(jupytext.reads(master, fmt="py:percent").cells, start=1):
        if cell.metadata.get("role") == "drop":
            continue
        name = cell.metadata.get("cell")
        if not name or name in seen:
            raise ValueError(f"Cell {number} ({cell.source[:40]!r}) has no id of its own: give it.")
        seen.add(name)
        code = cell.cell_type == "code"
        new = nbformat.v4.new_code_cell if code else nbformat.v4.new_markdown_cell
        made = new(cell.source)
        made["id"] = name
        cells.append(made)
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=METADATA)
    notebook.nbformat_minor = 5
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m baselines.build_extensions")
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args(arguments)
    text = extensions_notebook(MASTER.read_text(encoding="utf-8"))
    if not options.check:
        write_text_atomically(NOTEBOOK, text)
        return 0
    if NOTEBOOK.is_file() and NOTEBOOK.read_text(encoding="utf-8") == text:
        return 0
    print("extensions.ipynb drifted: run python -m baselines.build_extensions.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
