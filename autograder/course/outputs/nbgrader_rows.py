"""A class as rows of nbgrader's gradebook: cells of the released notebook and what they got.

A pure function of the record and the marks that cannot fail;
`autograder.platforms.nbgrader_gradebook` writes what it gives. The points of a question's automatic
checks go to `auto-<question>`, or to nobody where one of them was not decided; a person's to
`written-<question>`.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from zoneinfo import ZoneInfo

from autograder.course.class_record import ClassRecord, Outcome
from autograder.course.manual import AUTOMATIC, WRITTEN
from autograder.course.policy import FinalMark, Status
from autograder.course.submission_times import UnknownTime, submission_time
from autograder.engine.record import Report, Verdict
from autograder.platforms.nbgrader_course.cells import automatic_score
from autograder.platforms.nbgrader_gradebook import CellMark, GradebookRow, GradedCell

BONUS_QUESTION = "3"


def gradebook_cells(record: ClassRecord) -> tuple[GradedCell, ...]:
    """The graded cells of the notebook, from the first report there is."""
    report = next((outcome.report for outcome in record.outcomes if outcome.report), None)
    if report is None:
        return ()
    cells = []
    for question in report.question_titles:
        own = [check for check in report.checks if check.question == question]
        automatic = [check.max_points for check in own if check.source != "person"]
        written = [check.max_points for check in own if check.source == "person"]
        if automatic:
            cells.append(GradedCell(AUTOMATIC + question, round(sum(automatic), 4), False))
        if written:
            cells.append(GradedCell(WRITTEN + question, round(sum(written), 4), True))
    return tuple(cells)


def gradebook_rows(
    record: ClassRecord,
    marks: Sequence[FinalMark],
    cells: Sequence[GradedCell],
    zone: ZoneInfo | None = None,
) -> tuple[GradebookRow, ...]:
    """Return a row per member who submitted something, is not excused and needs no review.

    `record` is the marked one; `zone` is that of local times in the export.
    """
    outcomes = {m: outcome for outcome in record.outcomes for m in outcome.handin.members}
    return tuple(
        GradebookRow(
            mark.member,
            _moment(outcomes[mark.member], zone),
            mark.penalty,
            {cell.name: _cell(cell, report, mark) for cell in cells},
        )
        for mark in marks
        if mark.member in outcomes
        and mark.status in (Status.FINAL, Status.AWAITING_MARKING)
        and (report := outcomes[mark.member].report) is not None
    )


def _cell(cell: GradedCell, report: Report, mark: FinalMark) -> CellMark:
    given = mark.manual
    if not cell.by_person:
        question = cell.name.removeprefix(AUTOMATIC)
        by_hand = given[cell.name].points if cell.name in given else None
        extra = report.bonus if question == BONUS_QUESTION else 0.0
        return CellMark(automatic_score(report, question), by_hand, extra)
    question = cell.name.removeprefix(WRITTEN)
    written = [c for c in report.checks if c.question == question and c.source == "person"]
    found = [given[check.id] for check in written if check.id in given]
    if len(found) == len(written):
        comment = "\n".join(mark.comment for mark in found if mark.comment)
        return CellMark(None, round(sum(mark.points for mark in found), 4), comment=comment)
    nothing = all(
        check.verdict is Verdict.MISSING and check.id not in report.review_checks
        for check in written
    )
    return CellMark(automatic=0.0 if nothing else None)


def _moment(outcome: Outcome, zone: ZoneInfo | None) -> datetime | None:
    with suppress(UnknownTime):
        return submission_time(outcome.handin.submitted, zone)
    return None


def marks_by_hand(rows: Sequence[GradebookRow]) -> Mapping[tuple[str, str], float]:
    """Every mark by hand that the rows hold, by student and cell."""
    return {
        (row.student, name): cell.manual
        for row in rows
        for name, cell in row.cells.items()
        if cell.manual is not None
    }
