"""Measure how difficult each check is in a class, and how well it separates students.

Difficulty is the share of submissions with full points. Discrimination is the corrected item-total
correlation: Pearson's r between the points of a check and the points of all other automatic checks
(Henrysson, "Correction of item-total correlations in item analysis", Psychometrika 28, 1963;
Nunnally and Bernstein, "Psychometric Theory", 1994, chapter 8).
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograder.engine.record import CheckResult, Report, Verdict
from autograder.engine.wilson_interval import NORMAL_95

FEWEST = 3  # submissions; with two of them r is -1 or 1
SMALL = 30  # submissions below which the page warns


@dataclass(frozen=True)
class ItemAnalysis:
    """Hold the numbers of one check over the `count` submissions with a decided result.

    `passed` is the share with full points, 0 to 1. `discrimination` is r, -1 to 1, over `compared`
    submissions; None if all have equal points, or there are fewer than `FEWEST`.
    """

    check: str
    count: int
    passed: float
    discrimination: float | None
    compared: int


def chance_limit(count: int) -> float:
    """Return the size that 95 % of r stay below if a check has nothing to do with the others."""
    return NORMAL_95 / math.sqrt(max(count - 1, 1))


def analyze_items(reports: Sequence[Report]) -> Mapping[str, ItemAnalysis]:
    """Return the analysis by check. Checks without a decided result are left out.

    The total of a submission counts the automatic checks. Submissions with a check that the grader
    could not decide count for the difficulty only.
    """
    shares: dict[str, list[float]] = {}
    pairs: dict[str, tuple[list[float], list[float]]] = {}
    for report in reports:
        complete = all(is_decided(check) for check in report.automatic)
        total = sum(check.points for check in report.automatic)
        for check in report.checks:
            if not is_decided(check) or not check.max_points:
                continue
            shares.setdefault(check.id, []).append(check.points / check.max_points)
            if complete:
                own, rest = pairs.setdefault(check.id, ([], []))
                own.append(check.points)
                rest.append(total - (check.points if check.source != "person" else 0.0))
    return {
        check: ItemAnalysis(
            check,
            len(values),
            sum(value >= 1 for value in values) / len(values),
            _correlation(*pairs.get(check, ([], []))),
            len(pairs.get(check, ([], []))[0]),
        )
        for check, values in shares.items()
    }


def is_decided(check: CheckResult) -> bool:
    """Return whether the points of a check are known: staff graded it, or the grader did."""
    return check.verdict is not Verdict.AWAITING_MARKING and not check.verdict.needs_staff


def _correlation(own: Sequence[float], rest: Sequence[float]) -> float | None:
    if len(own) < FEWEST or len(set(own)) < 2 or len(set(rest)) < 2:
        return None
    return statistics.correlation(own, rest)
