"""Render one question of a report as plain text, for a cell of a graded notebook."""

from autograder.engine.record import CheckResult, Report
from autograder.report import wording
from autograder.report.lines import lines_under


def question_text(report: Report, question: str) -> str:
    """Return the question's automatic checks with their points and what went wrong.

    The first line is their sum, with what slips return. The first question also contains the
    report's notes. Raise `KeyError` for a question that the report does not have.
    """
    title = report.question_titles[question]
    checks = [check for check in report.automatic if check.question == question]
    score = wording.number(report.automatic_points(question))
    most = wording.number(sum(check.max_points for check in checks))
    lines = [f"{question}  {title}: {score} of {most} automatic points"]
    if any(check.id in report.review_checks for check in checks):
        lines += ["Not final: course staff will look at this submission.", *report.review]
    if question == next(iter(report.question_titles)):
        lines += report.notes
    lines += wording.slip_sentences(report, question)
    for check in checks:
        lines += ["", *_check(check)]
    return "\n".join(lines) + "\n"


def _check(check: CheckResult) -> list[str]:
    score = wording.check_score(check, " / ", "–")
    first = f"{wording.WORDS[check.verdict]} ({score})  {check.title}"
    return [first, *(f"    {part}" for line in lines_under(check) for part in line.split("\n"))]
