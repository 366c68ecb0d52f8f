"""Writes the record of a class into its folder: the pages of each student, and the summary."""

from collections.abc import Mapping
from pathlib import Path

from autograder.batch.record import ClassRecord
from autograder.marking import Trace
from autograder.results import Results


def write_all(
    record: ClassRecord, out: Path, faults: Mapping[str, Mapping[str, str]] | None = None
) -> None:
    """`faults[student][check]` are tracebacks for staff. Raises `UnwritableResults`."""
    results = Results(out)
    for outcome in record.outcomes:
        if outcome.report is not None:
            student = outcome.handin.student
            trace = Trace(dict(outcome.seconds), dict((faults or {}).get(student, {})))
            results.write_student(outcome.report, trace)
    results.write_summary()
