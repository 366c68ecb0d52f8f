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
    found = {}
    for bits in product(CANDIDATES, repeat=SOME):
        widths = dict(zip(sizes, bits, strict=True))
        if table.ceiling - sum(table.losses[n][b] for n, b in widths.items()) > FLOOR:
            found[sum(sizes[n] * b for n, b in widths.items())] = widths
    return found


def judged(problem, widths):
    call = Call("variable_precision_search", problem, {"candidate_bits": CANDIDATES})
    return judge_size(Program((call,)), Answer((widths,)), Answer(()), 0.0)


def test_nothing_above_the_floor_has_fewer_bits(problem):
    assert smallest_bits(*problem) == min(all_widths(problem))


def test_the_optimum_is_nothing_above_it(problem):
    known = all_widths(problem)
    outcome = judged(problem, known[min(known)]).outcome
    assert outcome.correct
    assert outcome.detail == {"above_optimum": 0.0}


def test_what_is_larger_is_right_too_and_told_by_how_much(problem):
    known = sorted(all_widths(problem).items())
    least, (bits, widths) = known[0][0], known[1]
    outcome = judged(problem, widths).outcome
    assert outcome.correct
    assert outcome.detail == {"above_optimum": round(100 * (bits / least - 1), 1)}


def test_the_student_reads_it_though_the_check_is_hidden(rubric):
    check = next(one for one in CHECKS if one.id == "3.search.size")
    shown = {"above_optimum": 7.5, "call": "a secret"}
    result = score_finding(check, rubric.items[check.id], Finding(Verdict.CORRECT, 1.0, "", shown))
    assert result.points == result.max_points
    assert result.evidence == {"above_optimum": 10}  # in steps: widths could spell hidden inputs
    assert lines_under(result) == [
        "At most 10 % more bits than the fewest above the floor; this costs no points."
    ]
