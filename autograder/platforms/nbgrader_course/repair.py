"""Restore the graded cells of a submitted notebook, so that editing accidents cost no points.

A copied cell duplicates its nbgrader metadata, and nbgrader refuses it. Some editors drop the
metadata, and students delete cells by mistake; nbgrader then loses points. Here every graded cell
of the released notebook is matched with a submitted one: by the cell's id (Colab keeps it in the
metadata), else by its grade id, else by an equal source. Of several matches, a written answer is
the first changed one. Missing cells are added empty, and other cells lose their metadata.
"""

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.platforms.nbgrader_course.student_notebook import remove_malformed

KEY = "nbgrader"


class RepairCells(NbGraderPreprocessor):
    """Repairs a notebook as the first step of `nbgrader autograde`; replaces `DeduplicateIds`."""

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Repair the notebook. Raise `FileNotFoundError` if the assignment is not released."""
        course = self.parent.parent.coursedir
        of_assignment = resources[KEY]["assignment"]
        folder = Path(course.format_path(course.release_directory, ".", of_assignment))
        released = nbformat.read(folder / f"{resources[KEY]['notebook']}.ipynb", as_version=4)
        for change in repair(released, nb):
            self.log.warning("%s: %s", resources[KEY]["student"], change)
        return nb, resources


def repair(released: NotebookNode, submitted: NotebookNode) -> list[str]:
    """Repair `submitted` in place, and return sentences on the changes."""
    remove_malformed(submitted)
    taken: dict[int, NotebookNode] = {}  # {place of a submitted cell: released cell}
    missing = []
    for cell in _graded(released):
        place = _place(cell, submitted.cells, taken)
        if place is None:
            missing.append(cell)
        else:
            taken[place] = cell
    changes = []
    for place, cell in enumerate(submitted.cells):
        wanted = taken.get(place)
        matches = cell.metadata.pop(KEY, None)
        if wanted is not None:
            cell.metadata[KEY] = copy.deepcopy(wanted.metadata[KEY])
            if not matches:
                changes.append(f"cell {_name(wanted)} had lost its metadata, which is restored.")
        elif matches:
            changes.append(f"a second cell {matches.get('grade_id', '')!r} is not graded.")
    for cell in missing:
        _insert(cell, released.cells, submitted.cells)
        changes.append(f"cell {_name(cell)} was missing; it is added empty.")
    _number(submitted)
    return changes


def _graded(notebook: NotebookNode) -> Iterator[NotebookNode]:
    return (cell for cell in notebook.cells if cell.metadata.get(KEY))


def _name(cell: NotebookNode) -> str:
    return cell.metadata[KEY].get("grade_id", "")


def _ids(cell: NotebookNode) -> set[str]:
    return {name for name in (cell.get("id"), cell.metadata.get("id")) if name}


def _place(
    wanted: NotebookNode, cells: Sequence[NotebookNode], taken: dict[int, NotebookNode]
) -> int | None:
    """Return the place of the submitted cell that matches, None without one."""
    free = [
        place
        for place, cell in enumerate(cells)
        if place not in taken and cell.cell_type == wanted.cell_type
    ]
    by_id = [place for place in free if _ids(cells[place]) & _ids(wanted)]
    by_name = [
        place
        for place in free
        if (cells[place].metadata.get(KEY) or {}).get("grade_id") == _name(wanted)
    ]
    by_source = [place for place in free if cells[place].source == wanted.source]
    if wanted.metadata[KEY].get("solution"):
        for matches in (by_id, by_name):
            changed = [place for place in matches if cells[place].source != wanted.source]
            if changed:
                return changed[0]
    return next((matches[0] for matches in (by_id, by_name, by_source) if matches), None)


def _insert(
    wanted: NotebookNode, released: Sequence[NotebookNode], submitted: list[NotebookNode]
) -> None:
    """Insert a copy of `wanted` after the nearest earlier cell that still exists."""
    before = released[: next(n for n, cell in enumerate(released) if cell is wanted)]
    place = len(submitted)
    for earlier in reversed(before):
        matches = [n for n, cell in enumerate(submitted) if _ids(cell) & _ids(earlier)]
        if matches:
            place = matches[0] + 1
            break
    submitted.insert(place, copy.deepcopy(wanted))


def _number(notebook: NotebookNode) -> None:
    """Give every cell a unique id: copies share one, older formats have none."""
    notebook.nbformat_minor = max(5, notebook.nbformat_minor)
    ids: set[str] = set()
    for number, cell in enumerate(notebook.cells):
        if not cell.get("id") or cell.id in ids:
            cell["id"] = f"submitted-{number}"
        ids.add(cell.id)
