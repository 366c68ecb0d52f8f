"""Remove from a notebook for formgrader what may identify the student.

Graded cells and text remain, with pseudonyms for ids. Colab and other editors write names into
metadata, and a student chooses the ids of cells, so both are those of the released notebook.
"""

import copy
from collections.abc import Callable

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.engine.record import Report
from autograder.platforms.nbgrader_course.graded_notebook import AUTOMATIC, shortened

_NEW = {"code": new_code_cell, "markdown": new_markdown_cell}


def anonymous_notebook(
    notebook: NotebookNode,
    released: NotebookNode,
    report: Report,
    anonymized: Callable[[str], str],
) -> NotebookNode:
    """Return a notebook without names.

    Args:
        notebook: the notebook for formgrader, by `graded_notebook`.
        released: the notebook that students receive.
        report: the anonymous report, whose findings are the only outputs that remain.
        anonymized: returns a text without names.
    """
    free = {cell.id for cell in released.cells}
    cells = []
    for number, cell in enumerate(notebook.cells):
        grading = cell.metadata.get("nbgrader")
        if not grading and cell.cell_type != "markdown":
            continue
        name = grading["grade_id"] if grading else cell.id
        id = name if name in free else f"cell-{number}"
        free.discard(id)
        shown = _NEW[cell.cell_type](anonymized(shortened(cell.source)), id=id)
        shown.metadata = NotebookNode({"id": id})
        if grading:
            shown.metadata["nbgrader"] = copy.deepcopy(grading)
        if grading and name.removeprefix(AUTOMATIC) in report.question_titles:
            shown.outputs = cell.outputs
        cells.append(shown)
    return new_notebook(cells=cells, metadata=copy.deepcopy(released.metadata))
