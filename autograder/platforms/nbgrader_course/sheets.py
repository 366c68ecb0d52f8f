"""Add a scoring sheet under each written answer, for graders in formgrader.

`marking_sheets.toml` contains the criteria by check of the rubric.
"""

import math
from collections.abc import Mapping
from pathlib import Path

import msgspec
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.checks import ALL_CHECKS
from autograder.engine.rubric import Rubric, load_rubric
from autograder.errors import AutograderError
from autograder.toml_reader import read_toml

SHEETS = Path(__file__).with_name("marking_sheets.toml")
WRITTEN = "written-"
SHEET = "marking-sheet-"


class BadSheets(AutograderError):
    """`marking_sheets.toml` does not fit the rubric; the message says where."""


class Criterion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hold the points of one criterion, and what to look for."""

    points: float
    look_for: str


def load_sheets(rubric: Rubric, path: Path = SHEETS) -> Mapping[str, tuple[Criterion, ...]]:
    """Return {question: criteria}.

    Raises:
        BadSheets: the file can't be read, or does not fit the checks and points of the rubric.
    """
    sheets = read_toml(path, dict[str, tuple[Criterion, ...]], BadSheets)
    written = [check.id for check in ALL_CHECKS if check.source == "person"]
    if set(sheets) != set(written):
        raise BadSheets(
            f"{path.name}: expected criteria for {', '.join(written)}, got {', '.join(sheets)}."
        )
    for name, criteria in sheets.items():
        total = sum(criterion.points for criterion in criteria)
        if not math.isclose(total, rubric.items[name].points):
            raise BadSheets(
                f"{path.name}: expected {rubric.items[name].points:g} points for {name} as in the "
                f"rubric, got {total:g}. Change one of the two."
            )
    return {rubric.items[name].question: criteria for name, criteria in sheets.items()}


class MarkingSheets(NbGraderPreprocessor):
    """Adds a sheet under every written answer of a notebook."""

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Add the sheets, and remove those of an earlier run."""
        sheets = load_sheets(load_rubric())
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
