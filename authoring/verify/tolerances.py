"""Between which two numbers a tolerance stands: the worst right answer and the nearest wrong one.

Both are found by trying: the smallest tolerance at which a check gives all its points to a
submission. Right answers are also computed with other instructions and other numbers of threads
than the grader's own. Tolerances keep their own unit: relative or percentage points, as the rubric
says.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from authoring.verify.matrix import Matrix
from autograder.checks.base import Check, Evidence
from autograder.engine.rubric import Rubric, RubricItem

LARGEST = 1e6
SMALLEST = 1e-12
PRECISION = 0.01  # of the number that is looked for

EvidenceOf = Callable[[str], Evidence]  # by the name of a known submission


@dataclass(frozen=True)
class Bounds:
    """Of one check: the worst deviation of a right answer, the least of a wrong one, and whose."""

    honest: float
    honest_name: str
    mutant: float
    mutant_name: str


def smallest_tolerance(check: Check, evidence: Evidence, item: RubricItem) -> float:
    """The tolerance from which on the check gives all points; infinite where none does."""
    if _passes(check, evidence, item, 0.0):
        return 0.0
    if not _passes(check, evidence, item, LARGEST):
        return math.inf
    fails, enough = SMALLEST, LARGEST
    while enough > fails * (1 + PRECISION):
        middle = math.sqrt(fails * enough)
        fails, enough = (
            (fails, middle) if _passes(check, evidence, item, middle) else (middle, enough)
        )
    return enough


def _passes(check: Check, evidence: Evidence, item: RubricItem, tolerance: float) -> bool:
    return check.grade(evidence, replace(item, tolerance=tolerance)).credit == 1


def bounds(
    found: Matrix,
    checks: Iterable[Check],
    rubric: Rubric,
    evidence_of: EvidenceOf,
    elsewhere: Mapping[str, EvidenceOf],
) -> dict[str, Bounds]:
    """By check with a tolerance. `elsewhere` gives evidence computed in other circumstances."""
    measured = {}
    for check in checks:
        item = rubric.items[check.id]
        if item.tolerance is None:
            continue
        honest = [
            (f"{row.name}{circumstance}", place(row.name))
            for circumstance, place in {"": evidence_of, **elsewhere}.items()
            for row in found.alternatives
            if check.source == "call" or not circumstance
        ]
        wrong = [
            (mutant.name, evidence_of(mutant.name))
            for mutant, _ in found.mutants
            if check.id in mutant.caught_by
        ]
        measured[check.id] = Bounds(*_farthest(check, item, honest), *_nearest(check, item, wrong))
    return measured


def _farthest(
    check: Check, item: RubricItem, right: Sequence[tuple[str, Evidence]]
) -> tuple[float, str]:
    worst, whose = 0.0, "none"
    for name, evidence in right:
        if not _passes(check, evidence, item, worst):
            worst, whose = smallest_tolerance(check, evidence, item), name
    return worst, whose


def _nearest(
    check: Check, item: RubricItem, wrong: Sequence[tuple[str, Evidence]]
) -> tuple[float, str]:
    least, whose = math.inf, "none"
    for name, evidence in wrong:
        if _passes(check, evidence, item, min(least, LARGEST)):
            least, whose = smallest_tolerance(check, evidence, item), name
    return least, whose


def complaints(measured: Mapping[str, Bounds], rubric: Rubric) -> list[str]:
    """Where the rubric's numbers are not bounds of what was measured."""
    sentences = []
    for check, found in measured.items():
        item = rubric.items[check]
        if item.honest is None or item.mutant is None:
            continue
        if found.honest > item.honest:
            sentences.append(
                f"{check}: the right answer {found.honest_name} lies {found.honest:.2g} away; the "
                f"rubric says that none is farther than {item.honest:g}."
            )
        if found.mutant < item.mutant:
            sentences.append(
                f"{check}: the mistake {found.mutant_name} is only {found.mutant:.2g} away; the "
                f"rubric says that none is nearer than {item.mutant:g}."
            )
    return sentences
