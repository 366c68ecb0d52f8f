"""Render a report as Gradescope's results.json: one test per check.

`render` is a pure function of a `Report`. The sum of `max_score` is the points of the automatic
checks. Written answers have no score here: staff grade them in Gradescope's own rubric. A hidden
check's line is shown without anything about its inputs, at once or later (`VISIBILITIES`);
Gradescope hides a student's total while any line is hidden. Flags, isolation and grader faults are
in a test that students never see. All text is plain and sanitized.

The format is that of https://gradescope-autograders.readthedocs.io/en/latest/specs/.
"""

import json
from collections.abc import Sequence
from typing import Any

from autograder.engine.record import CappedSlip, CheckResult, Report, Verdict
from autograder.report import wording
from autograder.report.lines import LONGEST, lines_under
from quantlab.protocol.sanitize_text import clean

VISIBILITIES = ("visible", "after_due_date", "after_published", "hidden")


def render(
    report: Report,
    hidden_checks: str = "visible",
    finished: bool = True,
    total: float | None = None,
    closing: Sequence[str] = (),
) -> str:
    """Return the text of results.json. `finished` is false while checks are still to come.

    `total` is the final score of the student, with lateness and written answers, and `closing` are
    sentences on it. Without a total the score is that of the automatic checks and the bonus.

    Raise `ValueError` for a visibility that Gradescope does not have.
    """
    if hidden_checks not in VISIBILITIES:
        raise ValueError(f"{hidden_checks!r} is not one of {', '.join(VISIBILITIES)}")
    numbers: dict[str, int] = {}
    tests = []
    for check in report.checks:
        numbers[check.question] = numbers.get(check.question, 0) + 1
        tests.append(_test(check, f"{check.question}.{numbers[check.question]}", hidden_checks))
    tests += [_slip(slip, report, hidden_checks) for slip in report.slips]
    if report.bonus:
        tests.append(_bonus(report.bonus))
    tests.append(_for_staff(report))
    record = {
        "score": round(report.auto_score + report.bonus, 4) if total is None else total,
        "output": "\n".join([*_opening(report, finished), *closing]),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
    }
    return json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _opening(report: Report, finished: bool) -> list[str]:
    lines = []
    if report.review:
        lines.append(
            "NOT FINAL: part of this submission could not be read or run. The score counts what "
            "was understood; course staff will look at the rest before any points are lost."
        )
        lines += [clean(sentence, LONGEST) for sentence in report.review]
    if report.needs_staff:
        lines.append("NOT FINAL: the grader itself failed on a check; staff will look.")
    if not finished:
        lines.append("NOT FINISHED: grading was stopped before its end. This is not a score.")
    if report.provisional:
        lines.append(
            "PROVISIONAL: from fewer checks or test images than a score. The final score "
            "uses all of them."
        )
    lines.append(wording.total_sentence(report) + ".")
    lines.append(f"Models are measured on {wording.dataset_name(report.dataset)}.")
    lines += [clean(note, LONGEST) for note in report.notes]
    lines += [clean(mistake.sentence, LONGEST) for mistake in report.misconceptions]
    return lines


def _test(check: CheckResult, number: str, hidden_checks: str) -> dict[str, Any]:
    test: dict[str, Any] = {
        "name": clean(check.title, 200),
        "number": number,
        "output": _output(check),
        "tags": [check.question],
        "visibility": "visible" if check.visible else hidden_checks,
    }
    if check.source == "person" or check.verdict is Verdict.GRADER_FAULT:
        return test  # no score, and least of all a zero
    return {
        "score": check.points,
        "max_score": check.max_points,
        "status": "passed" if check.points == check.max_points else "failed",
        **test,
    }


def _output(check: CheckResult) -> str:
    lines = [wording.WORDS[check.verdict] + ".", *lines_under(check)]
    if check.source == "person":
        lines.append(f"Worth {wording.points(check.max_points)}, which staff give.")
    return "\n".join(lines)


def _slip(slip: CappedSlip, report: Report, hidden_checks: str) -> dict[str, Any]:
    """Return the line that returns the points of a slip; as visible as the checks it explains."""
    checks = [check for check in report.checks if check.id in slip.checks]
    titles = [f"- {clean(check.title, 200)}" for check in checks]
    return {
        "score": slip.returned,
        "max_score": 0.0,
        "status": "passed",
        "name": f"Points returned in question {slip.question}",
        "number": f"{slip.question}.slip",
        "output": "\n".join([wording.slip_sentence(slip), *titles]),
        "tags": [slip.question],
        "visibility": "visible" if all(check.visible for check in checks) else hidden_checks,
    }


def _bonus(points: float) -> dict[str, Any]:
    return {
        "score": points,
        "max_score": 0.0,
        "status": "passed",
        "name": "Bonus of question 3",
        "number": "3.bonus",
        "output": "For the size of the weights.",
        "visibility": "visible",
    }


def _for_staff(report: Report) -> dict[str, Any]:
    lines = [f"Graded as {report.student}.", report.isolation]
    lines += [f"NEEDS REVIEW: the grader failed on {check}." for check in report.needs_staff]
    lines += [f"NEEDS REVIEW: {sentence}" for sentence in report.review]
    lines += [f"FLAG: {flag}" for flag in report.flags]
    return {
        "name": "For staff",
        "number": "staff",
        "output": "\n".join(clean(line, LONGEST) for line in lines),
        "visibility": "hidden",
    }
