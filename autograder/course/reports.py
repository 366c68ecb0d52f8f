"""From the rows of the journal to the outcome of each hand-in.

Pure: nothing here depends on which process marked what, or when. A check of which there is no row
because nobody could mark it is a fault of the grader's, never a zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from autograder.checks.base import Finding
from autograder.course.class_record import Outcome
from autograder.course.journal import Row
from autograder.engine.record import GradedCheck, Report, Verdict
from autograder.engine.rubric import Rubric
from autograder.grading.submission import build_report, score_finding, select_checks
from autograder.intake.submission import Submission
from autograder.platforms.export_entry import ExportEntry
from quantlab.paths import DATASETS

_NAMED = 4  # checks in one sentence


@dataclass(frozen=True)
class Seen:
    """A hand-in as it was read: its submission without its files, and its digest.

    `submission` is None where nothing of it could be read, for the reason in `problem`.
    """

    handin: ExportEntry
    submission: Submission | None
    content: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Marking:
    """What all reports of a class have in common: as `Settings`, with the rubric itself."""

    rubric: Rubric
    check: str
    dataset: str
    quick: bool

    def report(self, submission: Submission, rows: Mapping[str, Row]) -> Report:
        """The report of these rows; a check without one is a fault of the grader's."""
        marked = {name: row.marked for name, row in rows.items()}
        for check in select_checks(self.rubric, self.check):
            if check.id not in marked:
                finding = Finding(
                    Verdict.GRADER_FAULT,
                    message="The process that marked this ended early; a person will look.",
                )
                result = score_finding(check, self.rubric.items[check.id], finding)
                marked[check.id] = GradedCheck(result)
        return build_report(
            submission,
            self.rubric,
            self.check,
            DATASETS[self.dataset],
            self.quick,
            " / ".join(sorted({row.isolation for row in rows.values()})) or "not started",
            marked,
        )

    def outcome(self, seen: Seen, rows: Mapping[str, Row]) -> Outcome:
        """What came of a hand-in, as far as these rows tell."""
        if seen.submission is None:
            return Outcome(seen.handin, None, seen.problem)
        report = self.report(seen.submission, rows)
        seconds = {name: row.seconds for name, row in rows.items()}
        return Outcome(seen.handin, report, _problem(report), seconds)


def _problem(report: Report) -> str:
    failed = report.needs_staff
    if not failed:
        return ""
    more = f" and {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
    return (
        f"The grader failed twice in {', '.join(failed[:_NAMED])}{more}: mark by hand, or mend "
        "what run.json tells and run the same command again."
    )
