"""What is known about a whole class: who handed in what, and what marking it gave.

A `ClassRecord` is to a class what a `Report` is to a submission: all that people see of it is
a pure function of it, and nothing of it depends on the order or the number of the processes that
marked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from autograder.verdict import Report


@dataclass(frozen=True)
class Handin:
    """One hand-in of an export: whose, where, when.

    `student` is the id it is marked under, which names a folder; of a group it is the group's, and
    `members` are the ids of the people whose mark it is (of one student: that student). `path` is
    the folder or file inside the export; of several files that lie loose, what names them: the
    first, or what their names begin with. `submitted` is the time in ISO 8601 as the site states
    it, with its zone or as a local time, or "" where the export does not say; `attempt` counts
    from 1; `late` is the export's own word, None if it has none. `conflict` is a sentence on
    another submission under the same id, where nothing tells which of them counts. `lms` holds, per
    member, what the learning management system wants back beside a mark, under the names of its own
    columns: {member: {"Student": "Lovelace, Ada", "ID": "17"}}.
    """

    student: str
    path: str
    members: tuple[str, ...]
    submitted: str = ""
    attempt: int = 1
    late: bool | None = None
    conflict: str = ""
    lms: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What came of one hand-in. `report` is None where nothing could be marked.

    `problem` is the sentence why a person must look at it, or "". `seconds` are those of each
    check; they vary between runs and belong on no student's page.
    """

    handin: Handin
    report: Report | None
    problem: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ClassRecord:
    """The outcomes of a class, by student, and of which system's export (`source`) they came.

    `source` is "canvas", "moodle", "gradescope", "blackboard", "nbgrader" or "folder". `missing`
    are students whom the export names without a hand-in, as `Handin.lms` has them.
    """

    source: str
    dataset: str
    outcomes: tuple[Outcome, ...]
    missing: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def provisional(self) -> bool:
        """Return whether reports are made from fewer checks or images than a score is."""
        return any(outcome.report and outcome.report.provisional for outcome in self.outcomes)
