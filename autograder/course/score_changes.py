"""Compare the scores before and after a change of the grader or the rubric.

Two reports of one submission are compared check by check. Messages that changed without the points
are counted, not listed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from autograder.engine.record import CheckResult, Report


@dataclass(frozen=True)
class ScoreChange:
    """Holds one check of one student whose points or verdict changed."""

    student: str
    before: CheckResult
    after: CheckResult

    @property
    def check(self) -> str:
        """Return the id of the check."""
        return self.after.id

    @property
    def points(self) -> float:
        """Return the points that the student gains; negative for a loss."""
        return round(self.after.points - self.before.points, 4)


@dataclass(frozen=True)
class Regrade:
    """Holds `changes` by student and check, and `totals[student]` before and after.

    `reworded` are students with changed messages only; `new` had no complete scores before.
    """

    changes: tuple[ScoreChange, ...]
    totals: Mapping[str, tuple[float, float]]
    reworded: tuple[str, ...]
    new: tuple[str, ...]
    compared: int


def compare_reports(before: Mapping[str, Report | None], after: Iterable[Report]) -> Regrade:
    """Return what changes. `before[student]` is the earlier report; None or absent means new."""
    changes: list[ScoreChange] = []
    totals: dict[str, tuple[float, float]] = {}
    reworded, new, count = [], [], 0
    for report in after:
        old = before.get(report.student)
        if old is None:
            new.append(report.student)
            continue
        count += 1
        differing = _changes_of(old, report)
        changes += differing
        if differing or (old.auto_score, old.bonus) != (report.auto_score, report.bonus):
            totals[report.student] = (
                round(old.auto_score + old.bonus, 4),
                round(report.auto_score + report.bonus, 4),
            )
        elif old != report:
            reworded.append(report.student)
    return Regrade(tuple(changes), totals, tuple(reworded), tuple(new), count)


def _changes_of(before: Report, after: Report) -> list[ScoreChange]:
    earlier = {check.id: check for check in before.checks}
    return [
        ScoreChange(after.student, earlier[check.id], check)
        for check in after.checks
        if check.id in earlier
        and (check.points, check.verdict) != (earlier[check.id].points, earlier[check.id].verdict)
    ]
