"""Difficulty and discrimination are those of the formulas, on classes small enough to check."""

import math

import pytest

from autograder.course.item_analysis import FEWEST, analyze_items, chance_limit
from autograder.engine.record import Report, Verdict
from tests.class_outputs.people import a_report

EASY, HARD, OTHER = "1a.reset.sym", "2a.STE.gradient", "2b.integer_linear.values"


def _class(*verdicts: tuple[str, ...]) -> list[Report]:
    """Students who fail exactly the named checks."""
    return [
        a_report(f"s{number}", **dict.fromkeys(failed, Verdict.WRONG))
        for number, failed in enumerate(verdicts)
    ]


def test_analyze_items_returns_the_share_with_full_points() -> None:
    items = analyze_items(_class((), (HARD,), (HARD,), (HARD, EASY)))
    assert (items[EASY].passed, items[HARD].passed) == (0.75, 0.25)
    assert items[EASY].count == items[EASY].compared == 4


def test_analyze_items_correlates_a_check_with_the_others_only() -> None:
    # 2.5 points of HARD beside what the same students lost elsewhere (2 and 1.5 points).
    items = analyze_items(_class((), (HARD, EASY), (HARD, OTHER), (OTHER,)))
    own, rest = [2.5, 0.0, 0.0, 2.5], [0.0, -2.0, -1.5, -1.5]
    mean_own, mean_rest = sum(own) / 4, sum(rest) / 4
    covariance = sum((a - mean_own) * (b - mean_rest) for a, b in zip(own, rest, strict=True))
    spread = math.sqrt(
        sum((a - mean_own) ** 2 for a in own) * sum((b - mean_rest) ** 2 for b in rest)
    )
    assert items[HARD].discrimination == pytest.approx(covariance / spread)


def test_analyze_items_finds_a_check_that_the_best_students_fail() -> None:
    weak = (HARD, OTHER, "2b.integer_conv2d.values")
    items = analyze_items(_class((EASY,), (EASY,), weak, weak, (HARD,)))
    assert items[EASY].discrimination is not None
    assert items[EASY].discrimination < -0.5
    assert items[HARD].discrimination is not None
    assert items[HARD].discrimination > 0


def test_analyze_items_has_no_discrimination_without_variation_or_submissions() -> None:
    assert analyze_items(_class((), (EASY,), (EASY,)))[HARD].discrimination is None
    few = _class((), (EASY, HARD))[: FEWEST - 1]
    assert analyze_items(few)[EASY].discrimination is None


def test_analyze_items_leaves_out_what_the_grader_could_not_decide() -> None:
    reports = [*_class((), (EASY,), (EASY, HARD)), a_report("x", **{HARD: Verdict.GRADER_FAULT})]
    items = analyze_items(reports)
    assert (items[HARD].count, items[EASY].count, items[EASY].compared) == (3, 4, 3)
    assert "1c.comparison" not in items  # not graded yet


def test_chance_limit_shrinks_with_the_class() -> None:
    assert chance_limit(101) == pytest.approx(0.196, abs=1e-3)
    assert chance_limit(5) > 0.9
