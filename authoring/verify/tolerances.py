"""Measure the bounds of a tolerance: the worst correct answer and the nearest wrong one.

Each is the smallest tolerance at which a check gives all its points to a submission, found by
bisection. Correct answers are also computed with other instructions and other numbers of threads.
Tolerances keep the rubric's unit: relative, or percentage points.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from authoring.verify.matrix import Matrix
from autograder.checks.base import Check, Evidence
from autograder.engine.rubric import Rubric, RubricItem

LARGEST = 1e6
SMALLEST = 1e-12
PRECISION = 0.01  # relative

EvidenceOf = Callable[[str], Evidence]  # by the name of a case


@dataclass(frozen=True)
class Bounds:
    """The largest deviation of a correct answer to a check, the least of a wrong one, and whose."""

    worst_correct: float
    worst_correct_name: str
    nearest_wrong: float
    nearest_wrong_name: str


def smallest_tolerance(check: Check, evidence: Evidence, item: RubricItem) -> float:
    """Return the least tolerance at which the check gives all points; infinity if none does."""
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


def measure_bounds(
    matrix: Matrix,
    checks: Iterable[Check],
    rubric: Rubric,
    evidence_of: EvidenceOf,
    elsewhere: Mapping[str, EvidenceOf],
) -> dict[str, Bounds]:
    """Return the bounds of each check with a tolerance.

    Args:
        matrix: The graded cases.
        checks: The checks to measure.
        rubric: Their tolerances.
        evidence_of: Returns the evidence of a case.
        elsewhere: The same with other settings of the processor, by their name.
    """
    bounds = {}
    for check in checks:
        item = rubric.items[check.id]
        if item.tolerance is None:
            continue
        correct = [
            (f"{row.name}{setting}", evidence(row.name))
            for setting, evidence in {"": evidence_of, **elsewhere}.items()
            for row in matrix.alternatives
            if check.source == "call" or not setting
        ]
        wrong = [
            (mutant.name, evidence_of(mutant.name))
            for mutant, _ in matrix.mutants
            if check.id in mutant.caught_by
        ]
        bounds[check.id] = Bounds(*_worst(check, item, correct), *_nearest(check, item, wrong))
    return bounds


def _worst(
    check: Check, item: RubricItem, correct: Sequence[tuple[str, Evidence]]
) -> tuple[float, str]:
    worst, whose = 0.0, "none"
    for name, evidence in correct:
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


def find_problems(bounds: Mapping[str, Bounds], rubric: Rubric) -> list[str]:
    """Return where a measured number exceeds the rubric's bounds."""
    problems = []
    for check, bound in bounds.items():
        item = rubric.items[check]
        if item.worst_correct is None or item.nearest_wrong is None:
            continue
        if bound.worst_correct > item.worst_correct:
            problems.append(
                f"{check}: expected correct answers within {item.worst_correct:g}, got "
                f"{bound.worst_correct:.2g} from {bound.worst_correct_name}."
            )
        if bound.nearest_wrong < item.nearest_wrong:
            problems.append(
                f"{check}: expected wrong answers at least {item.nearest_wrong:g} away, got "
                f"{bound.nearest_wrong:.2g} from {bound.nearest_wrong_name}."
            )
    return problems
