"""What `verify` prints: a symbol per check and submission, the counts, the problems."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from authoring.verify.console import print_matrix, print_summary, print_tolerances
from authoring.verify.matrix import GradedCase, build_matrix, find_problems
from authoring.verify.tolerances import Bounds
from autograder.engine.corpus import Alternative, Mutant
from autograder.engine.record import CheckResult, Report, Verdict
from autograder.engine.rubric import RubricItem

CHECKS = ("1a.f.first", "1a.f.second", "2b.g.only")


def row(case, *points: float) -> GradedCase:
    checks = tuple(
        CheckResult(id, id[:2], id, True, "call", Verdict.WRONG, p, 2, p)
        for id, p in zip(CHECKS, points, strict=True)
    )
    return GradedCase(case, Report("known", "Shapes-10", "none", checks, {}))


@pytest.fixture
def matrix():
    return build_matrix(
        [
            row(Alternative("looks_different", "", "differs"), 2, 2, 2),
            row(Mutant("f/wrong", "", "fault", "S.", caught_by=CHECKS[:2]), 0, 1, 2),
            row(Mutant("g/wrong", "", "fault", "S.", caught_by=CHECKS[2:]), 2, 2, 0),
        ]
    )


@pytest.fixture
def small_rubric(rubric):
    items = {id: RubricItem(id, 2, True, tolerance=0.1) for id in CHECKS}
    return replace(rubric, items=items)


def printed(function, *arguments) -> str:
    console = Console(file=io.StringIO(), width=200)
    function(*arguments, console)
    return console.file.getvalue()


def test_print_matrix_shows_a_symbol_per_check(matrix, small_rubric):
    lines = printed(print_matrix, matrix, small_rubric).splitlines()
    symbols = {
        line.split()[0]: line.split(maxsplit=1)[1].strip() for line in lines if "/wrong" in line
    }
    assert symbols == {"f/wrong": "●◐ ·", "g/wrong": "·· ●"}
    assert any(line.split() == ["looks_different", "··", "·"] for line in lines)
    assert any("1a.f.first" in line and "1 caught, 0 only here" in line for line in lines)
    assert any("2b.g.only" in line and "1 caught, 1 only here" in line for line in lines)


def test_print_tolerances_shows_both_bounds(small_rubric):
    bounds = {"1a.f.first": Bounds(0.02, "looks_different", 0.5, "f/wrong")}
    text = printed(print_tolerances, bounds, small_rubric)
    assert "0.02 <    0.1 < 0.5" in text
    assert "looks_different | f/wrong" in text


def test_print_summary_counts_and_lists_problems(matrix):
    text = printed(print_summary, matrix, find_problems(matrix))
    assert "Mutants caught: 2 of 2." in text
    assert "Correct submissions with every point: 1 of 1." in text
    assert "g/wrong: 2 points, by 2b.g.only" in text
    assert "Every check is proven." in text
    text = printed(print_summary, matrix, ["This is wrong."])
    assert "This is wrong." in text
    assert "1 to fix." in text
