"""Measure how far first and second readings agree."""

from collections.abc import Iterable
from dataclasses import dataclass

from autograder.course.readings import AnswerReadings, Reading


@dataclass(frozen=True)
class Agreement:
    """Hold the agreement over `count` answers that were read twice.

    Attributes:
        count: answers with a first and a second reading.
        exact: those with the same points in both.
        mean_difference: of second minus first points; 0 without answers.
        mean_distance: the mean size of that difference.
        kappa: Cohen's kappa over `decisions`; None if chance alone would agree everywhere.
        decisions: criteria of these answers, each fulfilled or not.
    """

    count: int
    exact: int
    mean_difference: float
    mean_distance: float
    kappa: float | None
    decisions: int


def measure_agreement(answers: Iterable[AnswerReadings], criteria: int) -> Agreement:
    """Return the agreement of first and second readings; `criteria` is the number of criteria."""
    pairs = [(a.first[-1], a.second[-1]) for a in answers if a.first and a.second]
    differences = [(second.points or 0.0) - (first.points or 0.0) for first, second in pairs]
    count = len(pairs)
    return Agreement(
        count,
        sum(difference == 0 for difference in differences),
        sum(differences) / count if count else 0.0,
        sum(map(abs, differences)) / count if count else 0.0,
        _kappa(pairs, criteria),
        count * criteria,
    )


def _kappa(pairs: Iterable[tuple[Reading, Reading]], criteria: int) -> float | None:
    """Return Cohen's kappa (1960): (observed - expected) / (1 - expected) agreement."""
    decisions = [
        (number in first.criteria, number in second.criteria)
        for first, second in pairs
        for number in range(criteria)
    ]
    if not decisions:
        return None
    total = len(decisions)
    observed = sum(first == second for first, second in decisions) / total
    yes = [sum(decision[reader] for decision in decisions) / total for reader in (0, 1)]
    expected = yes[0] * yes[1] + (1 - yes[0]) * (1 - yes[1])
    return None if expected == 1 else (observed - expected) / (1 - expected)
