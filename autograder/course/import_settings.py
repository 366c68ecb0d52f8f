"""The settings of course.toml about course sites, and the gradebooks that they name.

    allow_lower = ["ada"]                    # students whose score on the site may become lower

    [canvas]
    assignment = "Quantization (4711)"       # the column in Canvas's gradebook export
    gradebook = "gradebook.csv"              # that export, as it is now
    points_possible = 100                    # of the assignment in Canvas; scores are scaled

    [moodle]
    worksheet = "worksheet.csv"              # the grading worksheet, as it is now
    maximum_grade = 100                      # of the Moodle assignment; scores are scaled

    [blackboard]
    column = "Quantization [Total Pts: 140 Score] |123"
    gradebook = "gc.csv"                     # the Grade Center, as it is now
    points_possible = 100

    [gradescope]
    grades = "scores.csv"                    # "Download Grades"
    assignment = "Quantization"              # its name there, if the file is that of the course

    [nbgrader]
    gradebook = "course/gradebook.db"        # of the course folder

    [other]                                  # a table of any other site
    gradebook = "scores.csv"
    student = "Matriculation number"         # the column of ids
    score = "Lab 2"                          # the column of scores
    maximum = 100

Without `gradebook` or `worksheet` a roster that is such an export is used. Paths begin in the
folder of course.toml.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from autograder.platforms.imports.blackboard import read_blackboard
from autograder.platforms.imports.canvas import read_canvas
from autograder.platforms.imports.current_gradebook import BadGradebook, CurrentGradebook
from autograder.platforms.imports.gradescope import read_gradescope
from autograder.platforms.imports.moodle import read_moodle
from autograder.platforms.imports.table import read_table
from autograder.staff_table import BadTable
from autograder.toml_reader import FilledText

T = TypeVar("T")

CANVAS, MOODLE, BLACKBOARD = "canvas", "moodle", "blackboard"
GRADESCOPE, NBGRADER, OTHER = "gradescope", "nbgrader", "other"
_EXPECTED = {
    CANVAS: "Canvas's gradebook export",
    MOODLE: "Moodle's grading worksheet",
    BLACKBOARD: "the Grade Center download",
    GRADESCOPE: "Gradescope's Download Grades",
}
_Points = Annotated[float, Meta(gt=0, le=1e6, description="a number, and must be more than 0")]


class CanvasTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table [canvas]."""

    assignment: FilledText | None = None
    gradebook: FilledText | None = None
    points_possible: _Points | None = None


class MoodleTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table [moodle]."""

    worksheet: FilledText | None = None
    maximum_grade: _Points | None = None


class BlackboardTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table [blackboard]."""

    column: FilledText
    gradebook: FilledText | None = None
    points_possible: _Points | None = None


class GradescopeTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table [gradescope]."""

    grades: FilledText
    assignment: FilledText | None = None


class NbgraderTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table [nbgrader]."""

    gradebook: FilledText


class OtherTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table [other]."""

    gradebook: FilledText
    student: FilledText
    score: FilledText
    maximum: _Points | None = None


class SiteTables(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The tables of course.toml about course sites, as they are written."""

    canvas: CanvasTable = CanvasTable()
    moodle: MoodleTable = MoodleTable()
    blackboard: BlackboardTable | None = None
    gradescope: GradescopeTable | None = None
    nbgrader: NbgraderTable | None = None
    other: OtherTable | None = None


@dataclass(frozen=True)
class ImportSettings:
    """Hold how scores return to course sites.

    `gradebooks` are what sites show now, by site. `maxima` are what the assignment is worth there,
    by site, where scores are scaled. `blackboard_column` is "" if there is none.
    """

    gradebooks: Mapping[str, CurrentGradebook] = field(default_factory=dict)
    maxima: Mapping[str, float] = field(default_factory=dict)
    blackboard_column: str = ""
    allow_lower: frozenset[str] = frozenset()


def load_import_settings(
    tables: SiteTables, folder: Path, title: str, roster: str | None, allow_lower: frozenset[str]
) -> ImportSettings:
    """Return the settings with the gradebooks that they name; `title` names the assignment.

    Raises:
        BadGradebook: a file can't be read, or is not what its setting expects.
    """
    maxima = {
        CANVAS: tables.canvas.points_possible,
        MOODLE: tables.moodle.maximum_grade,
        BLACKBOARD: tables.blackboard and tables.blackboard.points_possible,
        OTHER: tables.other and tables.other.maximum,
    }
    return ImportSettings(
        _gradebooks(tables, folder, title, roster),
        {site: maximum for site, maximum in maxima.items() if maximum},
        tables.blackboard.column if tables.blackboard else "",
        allow_lower,
    )


def _gradebooks(
    tables: SiteTables, folder: Path, title: str, roster: str | None
) -> dict[str, CurrentGradebook]:
    assignment = tables.canvas.assignment or title
    blackboard, scores = tables.blackboard, tables.gradescope
    readers: dict[str, tuple[str | None, Callable[[Path], CurrentGradebook | None]]] = {
        CANVAS: (tables.canvas.gradebook, lambda path: read_canvas(path, assignment)),
        MOODLE: (tables.moodle.worksheet, read_moodle),
    }
    if blackboard:
        column = blackboard.column
        readers[BLACKBOARD] = (blackboard.gradebook, lambda path: read_blackboard(path, column))
    if scores:
        name = scores.assignment or title
        readers[GRADESCOPE] = (scores.grades, lambda path: read_gradescope(path, name))
    gradebooks = {}
    for site, (named, read) in readers.items():
        current = _read(folder, named, read, site) if named else None
        if current is None and roster and site != GRADESCOPE:
            current = _read(folder, roster, read, "")
        if current is not None:
            gradebooks[site] = current
    if tables.other:
        other = tables.other
        gradebooks[OTHER] = _needed(
            folder / other.gradebook,
            lambda path: read_table(path, other.student, other.score, other.maximum),
        )
    if tables.nbgrader:
        gradebooks[NBGRADER] = _read_database(folder / tables.nbgrader.gradebook)
    return gradebooks


def _read(
    folder: Path, name: str, read: Callable[[Path], CurrentGradebook | None], site: str
) -> CurrentGradebook | None:
    current = _needed(folder / name, read)
    if current is None and site:
        raise BadGradebook(
            f"[{site}] names {folder / name}, which is not {_EXPECTED[site]}. Export it again."
        )
    return current


def _needed(path: Path, read: Callable[[Path], T]) -> T:
    try:
        return read(path)
    except BadTable as problem:
        raise BadGradebook(str(problem)) from problem


def _read_database(path: Path) -> CurrentGradebook:
    try:
        from autograder.platforms import nbgrader_gradebook
        from autograder.platforms.imports.nbgrader import read_nbgrader
    except ModuleNotFoundError as missing:
        raise BadGradebook(
            f"{path} can't be read without {missing.name}: pip install -e '.[notebook]'."
        ) from missing
    try:
        return read_nbgrader(path)
    except nbgrader_gradebook.UnreadableGradebook as problem:
        raise BadGradebook(str(problem)) from problem
