"""The matrix check x known submission, and what must be true of it.

Pure: a `Matrix` holds the reports of submissions whose marks are known beforehand, and `complaints`
says in sentences what is not as it must be. No complaint is the proof.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from autograder.engine.corpus import Alternative, Mutant
from autograder.engine.record import CheckResult, Report, Verdict

PERSON = "person"  # the source of checks that no submission can prove


@dataclass(frozen=True)
class Row:
    """One known submission and the report it got."""

    known: Mutant | Alternative
    report: Report

    @property
    def name(self) -> str:
        return self.known.name

    @property
    def checks(self) -> tuple[CheckResult, ...]:
        return tuple(check for check in self.report.checks if check.source != PERSON)

    @property
    def lost(self) -> tuple[str, ...]:
        """The checks that took points away."""
        return tuple(check.id for check in self.checks if check.points < check.max_points)

    @property
    def named(self) -> tuple[str, ...]:
        """The checks that named the mistake, in the words of this mutant."""
        return tuple(
            check.id
            for check in self.checks
            if isinstance(self.known, Mutant)
            and check.misconception
            and check.misconception.sentence == self.known.sentence
        )


@dataclass(frozen=True)
class Matrix:
    """Every check that no person marks, against every known submission."""

    checks: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def mutants(self) -> Iterator[tuple[Mutant, Row]]:
        return ((row.known, row) for row in self.rows if isinstance(row.known, Mutant))

    @property
    def alternatives(self) -> Iterator[Row]:
        return (row for row in self.rows if isinstance(row.known, Alternative))

    def kills(self, check: str) -> tuple[str, ...]:
        """The mutants from which this check takes points."""
        return tuple(mutant.name for mutant, row in self.mutants if check in row.lost)

    def alone(self, check: str) -> tuple[str, ...]:
        """The mutants from which only this check takes points."""
        return tuple(mutant.name for mutant, row in self.mutants if row.lost == (check,))

    def without(self, check: str) -> "Matrix":
        """The matrix as it were if the rubric had no such check."""
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
class Diagnosis:
    """How many mistakes were named: of the mutants whose answer can tell, and of their checks."""

    mutants_named: int
    mutants: int
    checks_named: int
    checks: int


def matrix(rows: Iterable[Row]) -> Matrix:
    """The matrix of these rows, whose reports are all of the same checks."""
    rows = tuple(rows)
    return Matrix(tuple(check.id for check in rows[0].checks), rows)


def complaints(found: Matrix) -> list[str]:
    """What is wrong with the checks, or with what is said of the known submissions."""
    return [
        *(sentence for row in found.rows for sentence in _about_faults(row)),
        *(sentence for row in found.alternatives for sentence in _about_right(row)),
        *(sentence for mutant, row in found.mutants for sentence in _about_wrong(mutant, row)),
        *(
            f"The check {check} takes points from no mutant: nothing shows that it can fail."
            for check in found.checks
            if not found.kills(check)
        ),
    ]


def diagnosis(found: Matrix) -> Diagnosis:
    """Counts only mutants of solution.py whose answer can tell them from the others."""
    rows = [row for mutant, row in found.mutants if mutant.in_solution and mutant.named]
    return Diagnosis(
        mutants_named=sum(bool(row.named) for row in rows),
        mutants=len(rows),
        checks_named=sum(len(row.named) for row in rows),
        checks=sum(len(row.lost) for row in rows),
    )


def _about_faults(row: Row) -> Iterator[str]:
    for check in row.checks:
        if check.verdict is Verdict.GRADER_FAULT:
            yield f"{row.name}: the grader itself failed in {check.id}."


def _about_right(row: Row) -> Iterator[str]:
    for check in row.checks:
        if check.points < check.max_points:
            yield f"{row.name} is right but loses points in {check.id}: {check.message}"
    for flag in row.report.flags:
        yield f"{row.name} is right but is flagged: {flag}"


def _about_wrong(mutant: Mutant, row: Row) -> Iterator[str]:
    if not row.lost and not mutant.flagged:
        yield f"{row.name} survives: no check takes a point from it."
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
            yield f"{row.name} is taken for {mistake.name} in {result.id}: {mistake.sentence}"
