"""What a change of the grader or the rubric does to marks that were made before it.

Pure: two reports of the same submission are compared, check by check. Words that changed without
the points are counted, not listed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from autograder.engine.record import CheckResult, Report


@dataclass(frozen=True)
class Move:
    """One check of one student whose points or verdict are others than before."""

    student: str
    before: CheckResult
    after: CheckResult

    @property
    def check(self) -> str:
        return self.after.id

    @property
    def points(self) -> float:
        """How many points the student gains here; negative for a loss."""
        return round(self.after.points - self.before.points, 4)


@dataclass(frozen=True)
class Regrade:
    """`moves` by student and check; `totals[student]` before and after, of those who move.

    `reworded` are students of whom only words changed; `new` are those who had no complete marks.
    """

    moves: tuple[Move, ...]
    totals: Mapping[str, tuple[float, float]]
    reworded: tuple[str, ...]
    new: tuple[str, ...]
    compared: int


def compared(before: Mapping[str, Report | None], after: Iterable[Report]) -> Regrade:
    """`before` maps students to the marks that stand; None and absent ones are `new`."""
    moves: list[Move] = []
    totals: dict[str, tuple[float, float]] = {}
    reworded, new, count = [], [], 0
    for report in after:
        old = before.get(report.student)
        if old is None:
            new.append(report.student)
            continue
        count += 1
        found = _moves(old, report)
        moves += found
        if found or (old.auto_score, old.bonus) != (report.auto_score, report.bonus):
            totals[report.student] = (
                round(old.auto_score + old.bonus, 4),
                round(report.auto_score + report.bonus, 4),
            )
        elif old != report:
            reworded.append(report.student)
    return Regrade(tuple(moves), totals, tuple(reworded), tuple(new), count)


def _moves(before: Report, after: Report) -> list[Move]:
    earlier = {check.id: check for check in before.checks}
    return [
        Move(after.student, earlier[check.id], check)
        for check in after.checks
        if check.id in earlier
        and (check.points, check.verdict) != (earlier[check.id].points, earlier[check.id].verdict)
    ]
