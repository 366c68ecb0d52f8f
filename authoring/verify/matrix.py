"""The matrix check x submission, and what must be true of it.

A `Matrix` holds the reports of submissions whose points are known in advance. `find_problems` is
pure and returns a sentence for each difference; an empty list is the proof.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from autograder.engine.corpus import Alternative, Mutant
from autograder.engine.record import CheckResult, Report, Verdict
from autograder.engine.slips import Slip

PERSON = "person"  # the source of checks that staff grade


@dataclass(frozen=True)
class GradedCase:
    """A case of the corpus and its report."""

    case: Mutant | Alternative
    report: Report

    @property
    def name(self) -> str:
        """Return the name of the case."""
        return self.case.name

    @property
    def checks(self) -> tuple[CheckResult, ...]:
        """Return the results of the automatic checks."""
        return tuple(check for check in self.report.checks if check.source != PERSON)

    @property
    def lost(self) -> tuple[str, ...]:
        """Return the checks in which points were lost."""
        return tuple(check.id for check in self.checks if check.points < check.max_points)

    @property
    def lost_points(self) -> float:
        """Return the points that the checks lost together, before slips return any."""
        return round(sum(check.max_points - check.points for check in self.checks), 4)

    @property
    def cost(self) -> float:
        """Return the points that the case costs, after slips have returned some."""
        return round(self.lost_points - sum(slip.returned for slip in self.report.slips), 4)

    @property
    def named(self) -> tuple[str, ...]:
        """Return the checks that named this mutant's mistake."""
        return tuple(
            check.id
            for check in self.checks
            if isinstance(self.case, Mutant)
            and check.misconception
            and check.misconception.sentence == self.case.sentence
        )


@dataclass(frozen=True)
class Matrix:
    """Every automatic check against every case."""

    checks: tuple[str, ...]
    rows: tuple[GradedCase, ...]

    @property
    def mutants(self) -> Iterator[tuple[Mutant, GradedCase]]:
        """Yield each mutant with its row."""
        return ((row.case, row) for row in self.rows if isinstance(row.case, Mutant))

    @property
    def alternatives(self) -> Iterator[GradedCase]:
        """Yield the rows of correct alternatives."""
        return (row for row in self.rows if isinstance(row.case, Alternative))

    def caught_by(self, check: str) -> tuple[str, ...]:
        """Return the names of the mutants that lose points in this check."""
        return tuple(mutant.name for mutant, row in self.mutants if check in row.lost)

    def caught_only_by(self, check: str) -> tuple[str, ...]:
        """Return the names of the mutants that lose points in this check alone."""
        return tuple(mutant.name for mutant, row in self.mutants if row.lost == (check,))

    def without(self, check: str) -> "Matrix":
        """Return the matrix of a rubric without this check."""
        rows = tuple(
            replace(
                row,
                report=replace(
                    row.report, checks=tuple(c for c in row.report.checks if c.id != check)
                ),
            )
            for row in self.rows
        )
        return Matrix(tuple(c for c in self.checks if c != check), rows)


@dataclass(frozen=True)
class NamedMistakes:
    """Count the named mistakes among the mutants that can be named, and among their checks."""

    mutants_named: int
    mutants: int
    checks_named: int
    checks: int


def build_matrix(rows: Iterable[GradedCase]) -> Matrix:
    """Return the matrix of these rows; their reports must have the same checks."""
    rows = tuple(rows)
    return Matrix(tuple(check.id for check in rows[0].checks), rows)


def find_problems(
    matrix: Matrix, slips: Iterable[Slip] = (), only: Collection[str] | None = None
) -> list[str]:
    """Return what is wrong with the checks, with what the corpus declares, or with the slips.

    With `only`, the matrix has these checks alone: what a mutant costs is not known, and it must
    lose points in those of them that it declares.
    """
    if only is not None:
        return _problems_of_some(matrix, only)
    slip_of = {name: slip for slip in slips for name in slip.mutants}
    return [
        *(problem for row in matrix.rows for problem in _grader_faults(row)),
        *(problem for row in matrix.alternatives for problem in _problems_of_correct(row)),
        *(problem for mutant, row in matrix.mutants for problem in _problems_of(mutant, row)),
        *(
            problem
            for mutant, row in matrix.mutants
            for problem in _problems_of_cost(mutant, row, slip_of.get(mutant.name))
        ),
        *_uncaught(matrix),
    ]


def _problems_of_some(matrix: Matrix, only: Collection[str]) -> list[str]:
    return [
        *(problem for row in matrix.rows for problem in _grader_faults(row)),
        *(problem for row in matrix.alternatives for problem in _lost_by_correct(row)),
        *(
            problem
            for mutant, row in matrix.mutants
            if not mutant.flagged
            for problem in _problems_of(_narrowed(mutant, only), row)
            if row.lost or any(map(mutant.may_be_caught_by, only)) or not mutant.caught_by
        ),
        *_uncaught(matrix),
    ]


def _narrowed(mutant: Mutant, only: Collection[str]) -> Mutant:
    return replace(mutant, caught_by=tuple(check for check in mutant.caught_by if check in only))


def _uncaught(matrix: Matrix) -> Iterator[str]:
    for check in matrix.checks:
        if not matrix.caught_by(check):
            yield f"The check {check} takes points from no mutant: add one that it catches."


def count_named(matrix: Matrix) -> NamedMistakes:
    """Return how many mistakes are named, among the mutants of solution.py that can be named."""
    rows = [row for mutant, row in matrix.mutants if mutant.in_solution and mutant.named]
    return NamedMistakes(
        mutants_named=sum(bool(row.named) for row in rows),
        mutants=len(rows),
        checks_named=sum(len(row.named) for row in rows),
        checks=sum(len(row.lost) for row in rows),
    )


def _grader_faults(row: GradedCase) -> Iterator[str]:
    for check in row.checks:
        if check.verdict is Verdict.GRADER_FAULT:
            yield f"{row.name}: the grader itself failed in {check.id}."


def _problems_of_correct(row: GradedCase) -> Iterator[str]:
    yield from _lost_by_correct(row)
    for flag in row.report.flags:
        yield f"{row.name} is correct but is flagged: {flag}"


def _lost_by_correct(row: GradedCase) -> Iterator[str]:
    for check in row.checks:
        if check.points < check.max_points:
            yield f"{row.name} is correct but loses points in {check.id}: {check.message}"


def _problems_of(mutant: Mutant, row: GradedCase) -> Iterator[str]:
    if not row.lost and not mutant.flagged:
        yield f"{row.name} survives: it loses no points."
    if mutant.flagged and not row.report.flags:
        yield f"{row.name} must be flagged, and is not."
    for check in mutant.caught_by:
        if check not in row.lost:
            yield f"{row.name} must lose points in {check}, and does not."
    for check in row.lost:
        if not mutant.may_be_caught_by(check):
            yield f"{row.name} loses points in {check}, which it does not break."
    for result in row.checks:
        mistake = result.misconception
        if mistake and mistake.sentence != mutant.sentence:
            yield f"{row.name} is named {mistake.name} in {result.id}: {mistake.sentence}"


def _problems_of_cost(mutant: Mutant, row: GradedCase, slip: Slip | None) -> Iterator[str]:
    """Yield a mutant that costs nothing, and one whose cost its slip does not cap, or another."""
    if row.lost and row.cost <= 0:
        yield f"{row.name} costs nothing after slips. Lower the cap."
    if slip is None and row.report.slips:
        yield f"{row.name} is in no slip, and slips return points to it."
    if slip is None:
        return
    if row.cost > slip.cap:
        yield f"{row.name} costs {row.cost:g} points, more than the cap {slip.cap:g} of its slip."
    for check in row.checks:
        if check.id in row.lost and mutant.name not in check.explained_by:
            yield f"{row.name} is in a slip, and {check.id} does not prove it."
