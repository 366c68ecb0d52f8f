"""Marks that a person gave: from a CSV table, or from a gradebook of nbgrader's formgrader.

    student,check,points,comment
    ada,1b.explanation,3.5,Says what clipping costs.

`student` is a student's or a group's id. `check` is a check of the rubric, or `auto-1a`: all
automatic checks of question 1a in one mark, as formgrader has them. In a gradebook the cells
`written-1b` stand for the written check of their question.

Marks are merged and never overwritten: two that differ for one check of one student are refused,
wherever they come from. That no mark is above what its check is worth, and that every name exists,
is seen when the policy is applied, because only the reports know. It can fail with a `PolicyError`.
"""

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.course.class_record import ClassRecord
from autograder.course.course_file import PolicyError

COLUMNS = ("student", "check", "points", "comment")
AUTOMATIC, WRITTEN = "auto-", "written-"  # the graded cells of main.ipynb


@dataclass(frozen=True)
class ManualMark:
    """`points` by a person; `source` says where it stands, such as "marks.csv, line 3"."""

    points: float
    comment: str = ""
    source: str = ""


ManualMarks = Mapping[tuple[str, str], ManualMark]  # [student, check]

_Entry = tuple[tuple[str, str], ManualMark]


def read_manual(paths: Sequence[Path], record: ClassRecord) -> ManualMarks:
    """The marks of all files together. Raises `PolicyError`.

    `record` tells which check is the written one of a question.
    """
    written = {
        check.question: check.id
        for outcome in record.outcomes
        if outcome.report
        for check in outcome.report.checks
        if check.source == "person"
    }
    marks: dict[tuple[str, str], ManualMark] = {}
    for path in paths:
        entries = _gradebook(path, written) if _is_database(path) else _table(path)
        for key, mark in entries:
            other = marks.setdefault(key, mark)
            if other.points != mark.points:
                raise PolicyError(
                    f"{key[0]} has {other.points:g} points for {key[1]} in {other.source}, and "
                    f"{mark.points:g} in {mark.source}. Keep the one that is meant."
                )
    return marks


def _table(path: Path) -> Iterator[_Entry]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise PolicyError(f"{path} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise PolicyError(f"{path} is not UTF-8: save it as CSV (UTF-8).") from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    found = tuple(reader.fieldnames or ())
    if not {"student", "check", "points"} <= set(found) <= set(COLUMNS):
        raise PolicyError(
            f"{path} begins with the columns {', '.join(found) or 'of nothing'}; marks by hand "
            f"have {','.join(COLUMNS)} (the comment may be left out)."
        )
    for row in reader:
        source = f"{path.name}, line {reader.line_num}"
        student, check = (row["student"] or "").strip(), (row["check"] or "").strip()
        if None in row or not student or not check:
            raise PolicyError(f"{source} needs a student, a check, points, and no more than that.")
        points = _points(row["points"], source)
        if points is not None:  # an empty cell has yet to be filled in
            yield (student, check), ManualMark(points, (row.get("comment") or "").strip(), source)


def _points(text: str | None, source: str) -> float | None:
    if not (text or "").strip():
        return None
    try:
        points = float((text or "").strip().replace(",", "."))
    except ValueError:
        points = math.nan
    if not (math.isfinite(points) and points >= 0):
        raise PolicyError(f"{source}: {text!r} is no number of points from 0.")
    return points


def _is_database(path: Path) -> bool:
    return path.suffix.lower() in (".db", ".sqlite")


def _gradebook(path: Path, written: Mapping[str, str]) -> Iterator[_Entry]:
    try:
        from autograder.platforms import nbgrader_gradebook
    except ModuleNotFoundError as missing:
        raise PolicyError(
            f"{path} is read with nbgrader, and {missing.name} is missing: "
            "pip install -e '.[notebook]'."
        ) from missing
    try:
        found = nbgrader_gradebook.manual_marks(path)
    except nbgrader_gradebook.UnreadableGradebook as problem:
        raise PolicyError(str(problem)) from problem
    for given in found:
        question = given.cell.removeprefix(WRITTEN)
        check = written.get(question, given.cell) if given.cell != question else given.cell
        source = f"{path.name}, cell {given.cell}"
        yield (given.student, check), ManualMark(given.points, given.comment, source)
