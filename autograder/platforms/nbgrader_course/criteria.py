"""Read the criteria of each written answer from `marking_sheets.toml`."""

import math
from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec

from autograder.engine.rubric import Rubric
from autograder.errors import AutograderError
from autograder.toml_reader import read_toml

SHEETS = Path(__file__).with_name("marking_sheets.toml")


class BadSheets(AutograderError):
    """`marking_sheets.toml` does not fit the rubric; the message says where."""


class Criterion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hold the points of one criterion, and what to look for."""

    points: float
    look_for: str


def load_sheets(
    rubric: Rubric, written: Collection[str], path: Path = SHEETS
) -> Mapping[str, tuple[Criterion, ...]]:
    """Return {question: criteria} for the `written` checks.

    Raises:
        BadSheets: the file can't be read, or does not fit the checks and points of the rubric.
    """
    sheets = read_toml(path, dict[str, tuple[Criterion, ...]], BadSheets)
    if not set(written) <= set(sheets) <= set(rubric.items):
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
