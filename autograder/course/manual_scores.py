"""Read manual scores from CSV tables and from nbgrader's gradebook.

    student,check,points,comment
    ada,1b.explanation,3.5,Says what clipping costs.

`student` is the id of a student or a group. `check` is a check of the rubric, or `auto-1a`: all
automatic checks of question 1a in one score, as formgrader has them. In a gradebook the cell
`written-1b` is the written check of its question.

Two different scores for one check of one student are an error, wherever they come from. An id that
lost its first zeros in a spreadsheet program is that of the only student it fits. Unknown names and
scores above the maximum are found when the policy is applied.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.course.class_record import ClassRecord
from autograder.course.course_file import PolicyError
from autograder.staff_table import (
    BadTable,
    StaffRow,
    read_number,
    read_staff_table,
    refuse_scientific,
)
from quantlab.intake.names import student_id

COLUMNS = ("student", "check", "points", "comment")
AUTOMATIC, WRITTEN = "auto-", "written-"  # the graded cells of main.ipynb


@dataclass(frozen=True)
class ManualScore:
    """Hold the points that staff gave; `source` is a place, such as "manual.csv, line 3"."""

    points: float
    comment: str = ""
    source: str = ""


ManualScores = Mapping[tuple[str, str], ManualScore]  # [student, check]

_Entry = tuple[tuple[str, str], ManualScore]


def read_manual_scores(paths: Sequence[Path], record: ClassRecord) -> ManualScores:
    """Return the manual scores of all files, by (student, check).

    `record` maps each question to its written check.

    Raises:
        PolicyError: a file can't be read, a row is wrong, or two scores differ.
    """
    written = {
        check.question: check.id
        for outcome in record.outcomes
        if outcome.report
        for check in outcome.report.checks
        if check.source == "person"
    }
    ids = {
        id for outcome in record.outcomes for id in (outcome.entry.student, *outcome.entry.members)
    }
    scores: dict[tuple[str, str], ManualScore] = {}
    for path in paths:
        entries = _gradebook(path, written) if _is_database(path) else _table(path, ids)
        _add(scores, entries)
    return scores


def merge_manual_scores(*sources: ManualScores) -> ManualScores:
    """Return the manual scores of all sources. Raise `PolicyError` if two differ."""
    scores: dict[tuple[str, str], ManualScore] = {}
    for source in sources:
        _add(scores, source.items())
    return scores


def _add(scores: dict[tuple[str, str], ManualScore], entries: Iterable[_Entry]) -> None:
    for key, score in entries:
        other = scores.setdefault(key, score)
        if other.points != score.points:
            raise PolicyError(
                f"{key[0]} has {other.points:g} points for {key[1]} in {other.source}, and "
                f"{score.points:g} in {score.source}. Keep one of the two."
            )


def _table(path: Path, ids: Collection[str]) -> Iterator[_Entry]:
    try:
        table = read_staff_table(path)
    except BadTable as problem:
        raise PolicyError(str(problem)) from problem
    if not {"student", "check", "points"} <= set(table.headings) <= set(COLUMNS):
        raise PolicyError(
            f"{path}: expected the columns {','.join(COLUMNS)} (comment is optional), got "
            f"{','.join(table.headings) or 'none'}."
        )
    for row in table.rows:
        source = f"{path.name}, line {row.line}"
        student, check = row.values["student"], row.values["check"]
        if not student or not check:
            raise PolicyError(f"{source}: expected a student, a check and points.")
        points = _points(row.values["points"], source)
        if points is not None:  # an empty cell has yet to be filled in
            id = _with_zeros(_student(row, path.name), ids, source)
            yield (id, check), ManualScore(points, row.values.get("comment", ""), source)


def _student(row: StaffRow, table: str) -> str:
    try:
        refuse_scientific(table, row, "student")
    except BadTable as problem:
        raise PolicyError(str(problem)) from problem
    return student_id(row.values["student"]).value


def _with_zeros(id: str, ids: Collection[str], source: str) -> str:
    """Return the id of the class that has the same number; the id itself if there is none."""
    if id in ids or not id.isdecimal():
        return id
    matches = sorted(x for x in ids if x.isdecimal() and x.lstrip("0") == id.lstrip("0"))
    if len(matches) > 1:
        raise PolicyError(
            f"{source}: {id} fits {' and '.join(matches)}. Format the column as text and enter "
            "the id with its zeros."
        )
    return matches[0] if matches else id


def _points(text: str, source: str) -> float | None:
    if not text:
        return None
    points = read_number(text)
    if points is None or not (math.isfinite(points) and points >= 0):
        raise PolicyError(f"{source}: expected points from 0 up, got {text!r}.")
    return points


def _is_database(path: Path) -> bool:
    return path.suffix.lower() in (".db", ".sqlite")


def _gradebook(path: Path, written: Mapping[str, str]) -> Iterator[_Entry]:
    try:
        from autograder.platforms import nbgrader_gradebook
    except ModuleNotFoundError as missing:
        raise PolicyError(
            f"{path} can't be read without {missing.name}: pip install -e '.[notebook]'."
        ) from missing
    try:
        cells = nbgrader_gradebook.manual_scores(path)
    except nbgrader_gradebook.UnreadableGradebook as problem:
        raise PolicyError(str(problem)) from problem
    for cell in cells:
        question = cell.cell.removeprefix(WRITTEN)
        check = written.get(question, cell.cell) if cell.cell != question else cell.cell
        source = f"{path.name}, cell {cell.cell}"
        yield (
            (student_id(cell.student).value, check),
            ManualScore(cell.points, cell.comment, source),
        )
