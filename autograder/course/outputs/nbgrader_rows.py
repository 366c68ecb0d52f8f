"""Convert a class to rows of nbgrader's gradebook.

The points of a question's automatic checks go to the cell `auto-<question>`, which stays empty if a
check is undecided. Points of a written answer go to `written-<question>`.
`autograder.platforms.nbgrader_gradebook` writes the rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from zoneinfo import ZoneInfo

from autograder.course.class_record import ClassRecord, Outcome
from autograder.course.manual_scores import AUTOMATIC, WRITTEN
from autograder.course.policy import FinalScore, Status, with_final_points
from autograder.course.submission_times import UnknownTime, submission_time
from autograder.engine.record import Report, Verdict
from autograder.platforms.nbgrader_course.autograde_preprocessor import automatic_score
from autograder.platforms.nbgrader_gradebook import CellScore, GradedCell, StudentRow

BONUS_QUESTION = "3"


def gradebook_cells(record: ClassRecord) -> tuple[GradedCell, ...]:
    """Return the graded cells of the notebook, by the first report."""
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
    scores: Sequence[FinalScore],
    cells: Sequence[GradedCell],
    zone: ZoneInfo | None = None,
) -> tuple[StudentRow, ...]:
    """Return a row per student of the gradebook.

    `record` has the manual scores; `zone` is that of local times in the export.
    """
    return tuple(
        StudentRow(
            score.member,
            _moment(outcome, zone),
            score.penalty,
            {cell.name: _cell(cell, report, score) for cell in cells},
        )
        for score, outcome, report in students_in_gradebook(record, scores)
    )


def students_in_gradebook(
    record: ClassRecord, scores: Sequence[FinalScore]
) -> Iterator[tuple[FinalScore, Outcome, Report]]:
    """Yield the members who submitted something, are not excused and need no review."""
    outcomes = {m: outcome for outcome in record.outcomes for m in outcome.entry.members}
    for score in scores:
        outcome = outcomes.get(score.member)
        if outcome is None or outcome.report is None:
            continue
        if score.status in (Status.FINAL, Status.AWAITING_MARKING):
            yield score, outcome, with_final_points(outcome.report, score)


def _cell(cell: GradedCell, report: Report, score: FinalScore) -> CellScore:
    manual = score.manual
    if not cell.manual:
        question = cell.name.removeprefix(AUTOMATIC)
        by_hand = manual[cell.name].points if cell.name in manual else None
        extra = report.bonus if question == BONUS_QUESTION else 0.0
        return CellScore(automatic_score(report, question), by_hand, extra)
    question = cell.name.removeprefix(WRITTEN)
    written = [c for c in report.checks if c.question == question and c.source == "person"]
    answers = [manual[check.id] for check in written if check.id in manual]
    if len(answers) == len(written):
        comment = "\n".join(score.comment for score in answers if score.comment)
        return CellScore(None, round(sum(score.points for score in answers), 4), comment=comment)
    nothing = all(
        check.verdict is Verdict.MISSING and check.id not in report.review_checks
        for check in written
    )
    return CellScore(automatic=0.0 if nothing else None)


def _moment(outcome: Outcome, zone: ZoneInfo | None) -> datetime | None:
    with suppress(UnknownTime):
        return submission_time(outcome.entry.submitted, zone)
    return None


def manual_cell_scores(rows: Sequence[StudentRow]) -> Mapping[tuple[str, str], float]:
    """Return the manual scores of the rows, {(student, cell): points}."""
    return {
        (row.student, name): cell.manual
        for row in rows
        for name, cell in row.cells.items()
        if cell.manual is not None
    }
