"""Writes all that comes of a class into its folder: for staff first, then what may leave it.

    OUT/staff/reports/<student>/   the report, and run.json: seconds, machine, tracebacks of faults
    OUT/staff/reports/summary.csv  one row per report
    OUT/...                        everything else, see `autograder.course.outputs`

It can fail with an `UnwritableResults`, an `UnwritableOutputs` or a `PolicyError`.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from autograder.course.audit import Works
from autograder.course.class_record import ClassRecord
from autograder.course.course_file import Policy, load_policy
from autograder.course.manual import read_manual
from autograder.course.outputs import STAFF, Written, write_all
from autograder.course.outputs.class_json import read_class
from autograder.grading.results_folder import ResultsFolder
from autograder.grading.submission import Trace

REPORTS = Path(STAFF) / "reports"


@dataclass(frozen=True)
class Publishing:
    """How marks leave the class: `course` is a course.toml, `manual` are marks by hand."""

    course: Path | None = None
    manual: tuple[Path, ...] = ()
    anonymous: bool = False

    def policy(self) -> Policy:
        """Raises `PolicyError`."""
        return Policy() if self.course is None else load_policy(self.course)


def write_class(
    record: ClassRecord,
    out: Path,
    faults: Mapping[str, Mapping[str, str]],
    publishing: Publishing,
    works: Works,
) -> Written:
    """`faults[student][check]` are tracebacks; `works` are the submissions, to be compared."""
    policy, manual = publishing.policy(), read_manual(publishing.manual, record)
    previous = _previous(out / "class.json")
    results = ResultsFolder(out / REPORTS)
    (out / STAFF).chmod(0o700)
    for outcome in record.outcomes:
        if outcome.report is not None:
            student = outcome.handin.student
            trace = Trace(dict(outcome.seconds), dict(faults.get(student, {})))
            results.write_student(outcome.report, trace)
    results.write_summary()
    return write_all(record, out, policy, manual, publishing.anonymous, previous, works)


def _previous(path: Path) -> ClassRecord | None:
    """The class as the last run left it; None where there was none, or of another kit."""
    with suppress(OSError, ValueError):
        return read_class(path.read_text(encoding="utf-8"))
    return None
