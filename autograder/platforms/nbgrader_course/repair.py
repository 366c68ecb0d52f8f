"""Graded cells put back: what students and their editors do to a notebook must cost no marks.

Copying a cell doubles its nbgrader metadata, some editors drop it, cells are deleted by mistake;
nbgrader refuses the first, loses points over the second. Here every graded cell of the released
notebook finds its cell in the submitted one: by the cell's id (Colab keeps it in the metadata),
else by its grade id, else by an equal source. Of several that fit, a written answer is the first
that was changed. What is missing is put back empty, and metadata on any other cell is taken off.

It can fail with a `FileNotFoundError` when the assignment was not released yet.
"""

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

KEY = "nbgrader"


class RepairCells(NbGraderPreprocessor):
    """The first step of `nbgrader autograde`; replaces `DeduplicateIds`."""

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        course = self.parent.parent.coursedir
        of_assignment = resources[KEY]["assignment"]
        folder = Path(course.format_path(course.release_directory, ".", of_assignment))
        released = nbformat.read(folder / f"{resources[KEY]['notebook']}.ipynb", as_version=4)
        for change in repair(released, nb):
            self.log.warning("%s: %s", resources[KEY]["student"], change)
        return nb, resources


def repair(released: NotebookNode, submitted: NotebookNode) -> list[str]:
    """Change `submitted` in place so that it has every graded cell once; what had to be done."""
    taken: dict[int, NotebookNode] = {}  # a submitted cell, by its place, and the released one
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
        found = cell.metadata.pop(KEY, None)
        if wanted is not None:
            cell.metadata[KEY] = copy.deepcopy(wanted.metadata[KEY])
            if not found:
                changes.append(f"cell {_name(wanted)} had lost its metadata; it was put back.")
        elif found:
            changes.append(f"a second cell {found.get('grade_id', '')!r} is not graded.")
    for cell in missing:
        _insert(cell, released.cells, submitted.cells)
        changes.append(f"cell {_name(cell)} was missing; it was put back empty.")
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
    """Where `wanted` stands among the submitted cells."""
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
        for found in (by_id, by_name):
            changed = [place for place in found if cells[place].source != wanted.source]
            if changed:
                return changed[0]
    return next((found[0] for found in (by_id, by_name, by_source) if found), None)


def _insert(
    wanted: NotebookNode, released: Sequence[NotebookNode], submitted: list[NotebookNode]
) -> None:
    """Put a copy of `wanted` behind the nearest cell before it that is still there."""
    before = released[: next(n for n, cell in enumerate(released) if cell is wanted)]
    place = len(submitted)
    for earlier in reversed(before):
        found = [n for n, cell in enumerate(submitted) if _ids(cell) & _ids(earlier)]
        if found:
            place = found[0] + 1
            break
    submitted.insert(place, copy.deepcopy(wanted))


def _number(notebook: NotebookNode) -> None:
    """Give every cell an id of its own: copies share one, older formats have none."""
    notebook.nbformat_minor = max(5, notebook.nbformat_minor)
    seen: set[str] = set()
    for number, cell in enumerate(notebook.cells):
        if not cell.get("id") or cell.id in seen:
            cell["id"] = f"submitted-{number}"
        seen.add(cell.id)
