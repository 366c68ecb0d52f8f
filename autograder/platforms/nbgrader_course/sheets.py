"""Add a scoring sheet under each written answer, for graders in formgrader.

`criteria` reads them.
"""

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.checks import ALL_CHECKS
from autograder.engine.rubric import load_rubric
from autograder.platforms.nbgrader_course.criteria import Criterion, load_sheets

WRITTEN = "written-"
SHEET = "marking-sheet-"
WRITTEN_CHECKS = tuple(check.id for check in ALL_CHECKS if check.source == "person")


class MarkingSheets(NbGraderPreprocessor):
    """Adds a sheet under every written answer of a notebook."""

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Add the sheets, and remove those of an earlier run."""
        sheets = load_sheets(load_rubric(), WRITTEN_CHECKS)
        cells = []
        for cell in nb.cells:
            if cell.metadata.get("id", "").startswith(SHEET):
                continue  # of an earlier run
            cells.append(cell)
            name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            question = name.removeprefix(WRITTEN)
            if name.startswith(WRITTEN) and question in sheets:
                cells.append(_cell(question, sheets[question]))
        nb.cells = cells
        return nb, resources


def sheet_text(question: str, criteria: tuple[Criterion, ...]) -> str:
    """Return a sheet as Markdown: a table of points and criteria."""
    rows = [f"| {criterion.points:g} | {criterion.look_for} |" for criterion in criteria]
    return "\n".join(
        [f"**Scoring sheet, question {question}**", "", "| points | for |", "|--:|:--|", *rows]
    )


def _cell(question: str, criteria: tuple[Criterion, ...]) -> NotebookNode:
    name = f"{SHEET}{question}"
    cell = new_markdown_cell(sheet_text(question, criteria), metadata={"id": name})
    cell["id"] = name
    return cell
