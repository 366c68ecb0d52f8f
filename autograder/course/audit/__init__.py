"""Find what staff should look at: checks that all or none pass, and similar submissions.

`audit` collects the findings of `checks`, `solutions` and `models`. A finding is not a verdict: it
says what was observed and what an honest explanation could be. It changes no score, and only
staff see it.
"""

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from autograder.course.audit import check_statistics
from autograder.course.audit.audit_finding import Audit, AuditFinding
from autograder.course.audit.model_changes import Changes
from autograder.course.audit.models import ModelAudit
from autograder.course.audit.past import PastTerm
from autograder.course.class_record import ClassRecord
from autograder.engine.executor import Executor
from quantlab.intake.submission import Submission

if TYPE_CHECKING:
    from autograder.course.audit.solutions import SolutionAudit

__all__ = ["Audit", "AuditFinding", "SubmissionPool", "audit"]


class SubmissionPool:
    """Collects the submissions of a class one by one, then compares them."""

    def __init__(
        self, dataset: str, executor: Executor | None = None, past: Sequence[PastTerm] = ()
    ) -> None:
        """Compare models of `dataset`, read by `executor`, and solutions with those of `past`.

        Without an executor models are left out.
        """
        self._past = tuple(past)
        self._students: set[str] = set()
        self._notes: list[str] = []
        self._models: ModelAudit | None = None
        if executor is None:
            self._notes.append("Saved models were not compared: they were not graded.")
        else:
            self._models = ModelAudit(dataset, executor)

    def add(self, submission: Submission, recorded: Changes | None = None) -> None:
        """Add a submission; a second one of the same student is ignored.

        `recorded` are the changes of the models that were read while grading.
        """
        if submission.student in self._students:
            return
        self._students.add(submission.student)
        if self._sources is not None:
            self._sources.add(submission)
        if self._models is not None:
            self._models.add(submission, recorded)

    def compare(self) -> Audit:
        """Compare all submissions, with each other and with the past; return the findings."""
        self._add_past()
        parts = [part.compare() for part in (self._sources, self._models) if part is not None]
        return Audit(
            tuple(finding for part in parts for finding in part.findings),
            (*self._notes, *(note for part in parts for note in part.notes)),
        )

    def _add_past(self) -> None:
        if self._sources is None:
            return
        for term in self._past:
            for solution in term.solutions:
                self._sources.add_past(solution)
            if term.skipped:
                self._notes.append(
                    f"{len(term.skipped)} past submissions in {term.folder} have no readable "
                    "solution.py and were not compared."
                )
        self._past = ()

    @functools.cached_property
    def _sources(self) -> "SolutionAudit | None":
        # Half a second to import: with the first submission, not before grading starts.
        try:
            from autograder.course.audit.solutions import SolutionAudit
        except ModuleNotFoundError as missing:
            self._notes.append(
                f"solution.py was not compared: {missing.name} is missing, "
                "pip install -e '.[audit]'."
            )
            return None
        return SolutionAudit()


def audit(
    record: ClassRecord, previous: ClassRecord | None, submissions: SubmissionPool | None
) -> Audit:
    """Return the findings of a class; without `submissions` those of the record alone."""
    findings: list[AuditFinding] = [
        *check_statistics.undiscriminating_checks(record),
        *check_statistics.same_wrong_answers(record),
    ]
    if previous is not None:
        findings += check_statistics.changed_results(record, previous)
    if submissions is None:
        note = "solution.py and saved models were not compared: the submissions are not available."
        return Audit(tuple(findings), (note,))
    compared = submissions.compare()
    return Audit((*findings, *compared.findings), compared.notes)
