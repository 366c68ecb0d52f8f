"""Find the students whose written answers and automatic checks differ most.

A wide gap is not a verdict. It shows whose work to read again: good code with empty answers, or
good answers with code that fails for one small reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from autograder.course.class_record import ClassRecord
from autograder.course.policy import FinalScore, Status
from autograder.engine.record import Report

SHOWN = 10


@dataclass(frozen=True)
class WrittenGap:
    """Hold the shares of points of a student, 0 to 1: of automatic checks and written answers."""

    member: str
    automatic: float
    written: float

    @property
    def gap(self) -> float:
        """Return how much better the written answers are; negative if they are worse."""
        return self.written - self.automatic


def widest_gaps(record: ClassRecord, scores: Sequence[FinalScore]) -> tuple[WrittenGap, ...]:
    """Return the students with the widest gaps. Only final scores with written answers count."""
    reports = {m: o.report for o in record.outcomes for m in o.entry.members if o.report}
    gaps = [
        WrittenGap(score.member, score.automatic / automatic, score.written / written)
        for score in scores
        if score.status is Status.FINAL and score.member in reports
        for automatic, written in [_maxima(reports[score.member])]
        if automatic and written
    ]
    return tuple(sorted(gaps, key=lambda gap: (-abs(gap.gap), gap.member))[:SHOWN])


def _maxima(report: Report) -> tuple[float, float]:
    written = sum(check.max_points for check in report.checks if check.source == "person")
    return report.auto_max, written
