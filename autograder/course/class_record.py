"""What is known about a whole class: who handed in what, and what marking it gave.

A `ClassRecord` is to a class what a `Report` is to a submission: all that people see of it is
a pure function of it, and nothing of it depends on the order or the number of the processes that
marked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from autograder.engine.record import Report
from autograder.platforms.export_entry import ExportEntry


@dataclass(frozen=True)
class Outcome:
    """What came of one hand-in. `report` is None where nothing could be marked.

    `problem` is the sentence why a person must look at it, or "". `seconds` are those of each
    check; they vary between runs and belong on no student's page.
    """

    handin: ExportEntry
    report: Report | None
    problem: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ClassRecord:
    """The outcomes of a class, by student, and of which system's export (`source`) they came.

    `source` is "canvas", "moodle", "gradescope", "blackboard", "nbgrader" or "folder". `missing`
    are students whom the export names without a hand-in, as `ExportEntry.lms` has them.
    """

    source: str
    dataset: str
    outcomes: tuple[Outcome, ...]
    missing: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def provisional(self) -> bool:
        """Return whether reports are made from fewer checks or images than a score is."""
        return any(outcome.report and outcome.report.provisional for outcome in self.outcomes)
