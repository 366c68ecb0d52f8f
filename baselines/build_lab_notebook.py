"""Build `extensions.ipynb`, the optional lab, from its master `baselines/lab_notebook.py`.

    python -m baselines.build_lab_notebook           # writes extensions.ipynb
    python -m baselines.build_lab_notebook --check   # writes nothing; status 1 if it is out of date

The master is in jupytext's percent format. Every cell has an attribute `cell`, which becomes its
id, so that the same master gives the same bytes; `role="drop"` leaves a cell out.
"""

import argparse
import sys
from collections.abc import Sequence

import jupytext
import nbformat

from quantlab.atomic_files import write_text_atomically
from quantlab.paths import KIT

MASTER = KIT / "baselines" / "lab_notebook.py"
NOTEBOOK = KIT / "extensions.ipynb"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def extensions_notebook(master: str) -> str:
    """Return the notebook of a master as JSON text without outputs.

    Raise `ValueError` for a cell without an id, or with the id of another cell.
    """
    cells, names = [], set()
    for number, cell in enumerate(jupytext.reads(master, fmt="py:percent").cells, start=1):
        if cell.metadata.get("role") == "drop":
            continue
        name = cell.metadata.get("cell")
        if not name or name in names:
            raise ValueError(f"Cell {number} ({cell.source[:40]!r}) needs an id of its own.")
        names.add(name)
        code = cell.cell_type == "code"
        new = nbformat.v4.new_code_cell if code else nbformat.v4.new_markdown_cell
        notebook_cell = new(cell.source)
        notebook_cell["id"] = name
        cells.append(notebook_cell)
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=METADATA)
    notebook.nbformat_minor = 5
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m baselines.build_lab_notebook")
    parser.add_argument("--check", action="store_true", help="Write nothing.")
    options = parser.parse_args(arguments)
    text = extensions_notebook(MASTER.read_text(encoding="utf-8"))
    if not options.check:
        write_text_atomically(NOTEBOOK, text)
        return 0
    if NOTEBOOK.is_file() and NOTEBOOK.read_text(encoding="utf-8") == text:
        return 0
    print(
        "extensions.ipynb is out of date: run python -m baselines.build_lab_notebook.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
