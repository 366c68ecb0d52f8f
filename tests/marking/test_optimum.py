"""How near a search comes to the fewest bits is told to everybody, and worth no points."""

from itertools import product

import pytest
from numpy.random import default_rng

from autograder.checks.base import Finding
from autograder.checks.q3 import CANDIDATES, CHECKS, FLOOR, easy, judge_size, smallest_bits
from autograder.engine.record import Verdict
from autograder.grading.submission import score_finding
from autograder.report.lines import lines_under
from quantlab.protocol.calls import AdditiveLoss, Answer, Call, Program

SOME = 3  # layers: all their widths can be tried one by one


@pytest.fixture
def problem():
    sizes, table = easy(default_rng(0))
    few = list(sizes)[:SOME]
    losses = {name: table.losses[name] for name in few}
    return {name: sizes[name] for name in few}, AdditiveLoss(88.0, losses, table.budget)


def all_widths(problem):
    """{bits of weights: {layer: width}} of everything above the floor."""
    sizes, table = problem
    widths_by_bits = {}
    for bits in product(CANDIDATES, repeat=SOME):
        widths = dict(zip(sizes, bits, strict=True))
        if table.ceiling - sum(table.losses[n][b] for n, b in widths.items()) > FLOOR:
            widths_by_bits[sum(sizes[n] * b for n, b in widths.items())] = widths
    return widths_by_bits


def judged(problem, widths):
    call = Call("variable_precision_search", problem, {"candidate_bits": CANDIDATES})
    return judge_size(Program((call,)), Answer((widths,)), Answer(()), 0.0)


def test_smallest_bits_is_the_minimum_above_the_floor(problem):
    assert smallest_bits(*problem) == min(all_widths(problem))


def test_judge_size_reports_0_percent_for_the_optimum(problem):
    widths_by_bits = all_widths(problem)
    outcome = judged(problem, widths_by_bits[min(widths_by_bits)]).outcome
    assert outcome.correct
    assert outcome.detail == {"above_optimum": 0.0}


def test_judge_size_accepts_more_bits_and_reports_how_many(problem):
    candidates = sorted(all_widths(problem).items())
    least, (bits, widths) = candidates[0][0], candidates[1]
    outcome = judged(problem, widths).outcome
    assert outcome.correct
    assert outcome.detail == {"above_optimum": round(100 * (bits / least - 1), 1)}


def test_lines_under_shows_the_excess_of_a_hidden_check(rubric):
    check = next(candidate for candidate in CHECKS if candidate.id == "3.search.size")
    shown = {"above_optimum": 7.5, "call": "a secret"}
    result = score_finding(check, rubric.items[check.id], Finding(Verdict.CORRECT, 1.0, "", shown))
    assert result.points == result.max_points
    assert result.evidence == {"above_optimum": 10}  # in steps: widths could spell hidden inputs
    assert lines_under(result) == [
        "At most 10 % more bits than the fewest above the floor; this costs no points."
    ]
