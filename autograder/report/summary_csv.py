"""Render the scores of many submissions as one CSV table.

Cells are those of `cells`: no text of a student becomes a formula.
"""

import csv
import io
from collections.abc import Sequence

from autograder.engine.record import Report
from autograder.report import wording
from autograder.report.cells import cell


def summary_csv(reports: Sequence[Report]) -> str:
    """Return one row per report below a heading; lines end in LF; to be stored as UTF-8.

    Columns: student, dataset, provisional (yes or no), the score of each question, auto_score,
    auto_max, awaiting (points that staff have yet to give), bonus, needs_staff (ids of checks in
    which the grader failed), review (sentences), misconceptions (names), flags, isolation, notes
    and slips (sentences). The cell of a question that a report does not have is empty.
    """
    questions = list(dict.fromkeys(name for report in reports for name in report.question_titles))
    stream = io.StringIO()
    writer = csv.writer(stream, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    heading = [
        *("student", "dataset", "provisional"),
        *questions,
        *("auto_score", "auto_max", "awaiting", "bonus", "needs_staff", "review"),
        *("misconceptions", "flags", "isolation", "notes", "slips"),
    ]
    writer.writerow([cell(name) for name in heading])
    for report in reports:
        writer.writerow([cell(value) for value in _row(report, questions)])
    return stream.getvalue()


def _row(report: Report, questions: Sequence[str]) -> list[str | float]:
    scores = {question.id: question.score for question in report.questions}
    return [
        report.student,
        report.dataset,
        "yes" if report.provisional else "no",
        *(scores.get(question, "") for question in questions),
        report.auto_score,
        report.auto_max,
        wording.awaiting(report),
        report.bonus,
        " ".join(report.needs_staff),
        " ".join(report.review),
        " ".join(mistake.name for mistake in report.misconceptions),
        " ".join(report.flags),
        report.isolation,
        " ".join(report.notes),
        " ".join(wording.slip_sentences(report)),
    ]
