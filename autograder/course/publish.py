"""Write all results of a class into its folder.

OUT/staff/reports/<student>/   the report, and run.json: seconds, machine, tracebacks of faults
OUT/staff/reports/summary.csv  one row per report
OUT/...                        everything else, see `autograder.course.outputs`
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from autograder.course.audit import SubmissionPool
from autograder.course.class_record import ClassRecord
from autograder.course.course_file import Policy, load_policy
from autograder.course.manual_scores import ManualScores
from autograder.course.outputs import STAFF, WrittenFiles, write_all
from autograder.course.outputs.class_json import read_class
from autograder.grading.results_folder import ResultsFolder
from autograder.grading.submission import Trace
from autograder.platforms import Export

REPORTS = Path(STAFF) / "reports"


@dataclass(frozen=True)
class PublishOptions:
    """Holds what decides the outputs: `course` is a course.toml, `manual` are manual scores."""

    course: Path | None = None
    manual: tuple[Path, ...] = ()
    anonymous: bool = False

    def policy(self) -> Policy:
        """Return the policy of the course. Raise `PolicyError` if the file is wrong."""
        return Policy() if self.course is None else load_policy(self.course)


def write_class(
    record: ClassRecord,
    out: Path,
    faults: Mapping[str, Mapping[str, str]],
    publish: PublishOptions,
    manual: ManualScores,
    submissions: SubmissionPool,
    export: Export,
) -> WrittenFiles:
    """Write the reports, then all other outputs, and return what was written.

    Args:
        record: the class.
        out: its folder.
        faults: tracebacks of the grader, `faults[student][check]`.
        publish: the policy.
        manual: the manual scores, of tables and of the desk.
        submissions: the submissions, for the comparisons of the audit.
        export: the open export, for the answers that formgrader shows.

    Raises:
        UnwritableResults, UnwritableOutputs: a file can't be written.
        PolicyError: course.toml is wrong, or the manual scores do not fit the class.
    """
    policy = publish.policy()
    previous = _previous(out / "class.json")
    results = ResultsFolder(out / REPORTS, for_staff=True)
    (out / STAFF).chmod(0o700)
    for outcome in record.outcomes:
        if outcome.report is not None:
            student = outcome.entry.student
            trace = Trace(dict(outcome.seconds), dict(faults.get(student, {})))
            results.write_student(outcome.report, trace)
    results.write_summary()
    return write_all(record, out, policy, manual, publish.anonymous, previous, submissions, export)


def _previous(path: Path) -> ClassRecord | None:
    """Return the class as the last run left it; None if there is none, or of another kit."""
    with suppress(OSError, ValueError):
        return read_class(path.read_text(encoding="utf-8"))
    return None
