"""Decide which rows of an import file may be imported, by what the site would do with them.

A row is refused if it would erase a score, lower it unasked, replace an excuse, set another score
than that of the class, or reach no student or the one of another row. A file is refused if it would
make a new column, or if the site's assignment is worth something else.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from autograder.platforms.gradebook_row import EXCUSED, GradebookRow, highest_maximum
from autograder.platforms.imports.current_gradebook import (
    CurrentGradebook,
    Effect,
    Score,
    Simulation,
    show,
)

_SCALES = {
    "Canvas": "[canvas] points_possible",
    "Moodle": "[moodle] maximum_grade",
    "Blackboard": "[blackboard] points_possible",
    "the table": "[other] maximum",
}


@dataclass(frozen=True)
class RehearsedRow:
    """Hold the score of one student before and after the import; `refusal` says why not."""

    student: str
    name: str
    before: Score
    after: Score
    refusal: str = ""

    @property
    def changes(self) -> bool:
        """Return whether the import changes a score."""
        return not self.refusal and self.before != self.after


@dataclass(frozen=True)
class Rehearsal:
    """Hold what importing a file would do. `problem` says why it must not be imported at all."""

    table: str
    current: str
    rows: tuple[RehearsedRow, ...] = ()
    problem: str = ""

    def accepted(self) -> frozenset[str]:
        """Return the students whose rows may be imported."""
        refused = bool(self.problem)
        return frozenset(row.student for row in self.rows if not (refused or row.refusal))


def rehearse(
    table: str,
    rows: Sequence[GradebookRow],
    simulation: Simulation,
    current: CurrentGradebook,
    allow_lower: Collection[str] = (),
    worth: float | None = None,
) -> Rehearsal:
    """Compare the effects of an import file with the scores of the class.

    Args:
        table: the name of the import file.
        rows: the scores that it must set, in its order.
        simulation: what the site's importer does with it.
        current: what the site shows now.
        allow_lower: students whose score may become lower.
        worth: what the assignment is worth in the file, by default the maximum of the rows.
    """
    problem = simulation.problem or _other_scale(worth or highest_maximum(rows), current)
    if problem:
        return Rehearsal(table, current.file, problem=problem)
    judged = []
    reached: dict[int, str] = {}
    for row, effect in zip(rows, simulation.effects, strict=True):
        site = current.rows[effect.place] if effect.place is not None else None
        before = site.score if site else None
        refusal = _refusal(row, effect, before, allow_lower)
        other = reached.setdefault(-1 if effect.place is None else effect.place, row.student)
        if site and other != row.student:
            refusal = f"the row of {other} reaches the same student"
        name = site.name if site else ""
        judged.append(RehearsedRow(row.student, name, before, effect.after, refusal))
    return Rehearsal(table, current.file, tuple(judged))


def _refusal(row: GradebookRow, effect: Effect, before: Score, allow_lower: Collection[str]) -> str:
    """Return why a row must not be imported, "" if it may be."""
    after = effect.after
    wanted: Score = EXCUSED if row.points is None else round(row.points, 2)
    lowers = isinstance(before, float) and isinstance(after, float) and after < before
    rules = (
        (bool(effect.problem), effect.problem),
        (row.points is None and not row.excused, "the class has no final score"),
        (before is not None and after is None, f"it would erase {show(before)}"),
        (after != wanted, f"it would show {show(after)}, and the score is {show(wanted)}"),
        (
            before == EXCUSED and after != EXCUSED,
            "the site excuses the student; add the id to excused, or remove the excuse there",
        ),
        (
            lowers and row.student not in allow_lower,
            f"it would lower the score; to allow it, add {row.student} to allow_lower",
        ),
    )
    return next((reason for applies, reason in rules if applies), "")


def _other_scale(worth: float, current: CurrentGradebook) -> str:
    if current.maximum is None or not worth or abs(current.maximum - worth) < 0.005:
        return ""
    advice = (
        f"set {_SCALES[current.site]} in course.toml to scale"
        if current.site in _SCALES
        else "correct its points there"
    )
    return (
        f"the assignment is worth {current.maximum:g} points in {current.file}, and {worth:g} in "
        f"the class; {advice}"
    )


def changed_first(rehearsal: Rehearsal) -> Iterator[RehearsedRow]:
    """Yield the refused rows, then those that change a score, then those that set a first one."""
    yield from (row for row in rehearsal.rows if row.refusal)
    changed = [row for row in rehearsal.rows if row.changes]
    yield from (row for row in changed if row.before is not None)
    yield from (row for row in changed if row.before is None)
