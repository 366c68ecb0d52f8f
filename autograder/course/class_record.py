"""The record of a class: its submissions and their reports.

A `ClassRecord` is to a class what a `Report` is to a submission. All outputs are pure functions of
it. It does not depend on the order or the number of the processes that graded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from autograder.engine.record import Report
from autograder.platforms.export_entry import ExportEntry

CLASS_VERSION = 1  # of class.json


@dataclass(frozen=True)
class Outcome:
    """Holds the result of one submission. `report` is None if it could not be graded.

    `problem` is a sentence that says why staff must review it, or "". `seconds` are those of each
    check; they vary between runs, so no student's page shows them. `documents` is the digest of the
    documents, "" if unknown.
    """

    entry: ExportEntry
    report: Report | None
    problem: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)
    documents: str = ""


@dataclass(frozen=True)
class ClassRecord:
    """Holds the outcomes of a class, ordered by student.

    `source` is the site of the export: "canvas", "moodle", "gradescope", "blackboard", "nbgrader"
    or "folder". `missing` are students in the export without a submission, {member: site columns}.
    """

    source: str
    dataset: str
    outcomes: tuple[Outcome, ...]
    missing: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def provisional(self) -> bool:
        """Return whether reports are made from fewer checks or images than a score is."""
        return any(outcome.report and outcome.report.provisional for outcome in self.outcomes)
