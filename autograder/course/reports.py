"""Assemble the reports of a class from the rows of its journal.

These are pure functions: which process graded what, and when, does not matter. A check without a
row is a grader fault, never a zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from autograder.checks.base import Finding
from autograder.course.class_record import Outcome
from autograder.course.journal import Row
from autograder.engine.record import GradedCheck, Report, Verdict
from autograder.engine.rubric import Rubric
from autograder.grading.repairs import REVIEW
from autograder.grading.submission import build_report, score_finding, select_checks
from autograder.platforms.export_entry import ExportEntry
from quantlab.intake.submission import Submission
from quantlab.paths import DATASETS

_NAMED = 4  # checks in one sentence


@dataclass(frozen=True)
class ParsedSubmission:
    """Holds a submission without its models, its digest and that of its documents.

    `submission` is None if it could not be read; `problem` says why.
    """

    entry: ExportEntry
    submission: Submission | None
    content: str = ""
    problem: str = ""
    documents: str = ""


@dataclass(frozen=True)
class GradingSetup:
    """Holds what all reports of a class share: the values of `Settings`, rubric and repair mode."""

    rubric: Rubric
    check: str
    dataset: str
    quick: bool
    repair_mode: str = REVIEW

    def report(self, submission: Submission, rows: Mapping[str, Row]) -> Report:
        """Return the report of these rows; a check without a row is a grader fault."""
        graded = {name: row.graded for name, row in rows.items()}
        for check in select_checks(self.rubric, self.check):
            if check.id not in graded:
                finding = Finding(
                    Verdict.GRADER_FAULT,
                    message="The process that graded this ended early. Staff will review it.",
                )
                result = score_finding(check, self.rubric.items[check.id], finding)
                graded[check.id] = GradedCheck(result)
        return build_report(
            submission,
            self.rubric,
            self.check,
            DATASETS[self.dataset],
            self.quick,
            " / ".join(sorted({row.isolation for row in rows.values()})) or "not started",
            graded,
            self.repair_mode,
        )

    def outcome(self, parsed: ParsedSubmission, rows: Mapping[str, Row]) -> Outcome:
        """Return the outcome of a submission by its rows, {check: row}."""
        if parsed.submission is None:
            return Outcome(parsed.entry, None, parsed.problem)
        report = self.report(parsed.submission, rows)
        seconds = {name: row.seconds for name, row in rows.items()}
        return Outcome(parsed.entry, report, _problem(report), seconds, parsed.documents)


def _problem(report: Report) -> str:
    failed = report.needs_staff
    if not failed:
        return ""
    more = f" and {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
    return (
        f"The grader failed twice in {', '.join(failed[:_NAMED])}{more}. Enter manual scores, or "
        "fix the error in run.json and run the same command again."
    )
