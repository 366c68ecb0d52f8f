"""`verify` finds each problem in a small matrix."""

from dataclasses import replace

import pytest

from authoring.verify import tolerances
from authoring.verify.matrix import GradedCase, Matrix, build_matrix, count_named, find_problems
from autograder.engine.corpus import Alternative, Mutant
from autograder.engine.record import CappedSlip, CheckResult, Misconception, Report, Verdict
from autograder.engine.rubric import RubricItem
from autograder.engine.slips import Slip

MUTANT = Mutant("f/wrong", "", "a fault", "A sentence.", caught_by=("1a.f.first", "1a.f.second"))
RIGHT = Alternative("other", "", "looks different")


def check(id: str, points: float, named: str | None = None) -> CheckResult:
    verdict = Verdict.CORRECT if points == 2 else Verdict.WRONG
    mistake = Misconception("a/name", named) if named else None
    return CheckResult(
        id, "1a", id, True, "call", verdict, points, 2, points, misconception=mistake
    )


def row(case, *points: float, named: str | None = None, flags: tuple[str, ...] = ()) -> GradedCase:
    """`named`: the sentence of the mistake that every check names which takes points."""
    ids = ("1a.f.first", "1a.f.second", "1a.g.only")
    checks = tuple(
        check(id, p, named if p < 2 else None) for id, p in zip(ids, points, strict=True)
    )
    return GradedCase(
        case, Report("known", "Shapes-10", "none", checks, {"1a": "Title"}, flags=flags)
    )


OTHER = Mutant("g/wrong", "", "a fault", "Another sentence.", caught_by=("1a.g.only",))


def proof(*rows: GradedCase) -> Matrix:
    return build_matrix([*rows, row(OTHER, 2, 2, 0, named="Another sentence.")])


def test_find_problems_accepts_a_proven_matrix():
    matrix = proof(row(RIGHT, 2, 2, 2), row(MUTANT, 0, 1, 2, named="A sentence."))
    assert find_problems(matrix) == []
    assert matrix.caught_by("1a.f.first") == ("f/wrong",)
    assert matrix.caught_only_by("1a.g.only") == ("g/wrong",)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (
            [row(RIGHT, 2, 1, 2), row(MUTANT, 0, 0, 2)],
            "other is correct but loses points in 1a.f.s",
        ),
        ([row(RIGHT, 2, 2, 2, flags=("odd",)), row(MUTANT, 0, 0, 2)], "is flagged: odd"),
        ([row(MUTANT, 2, 2, 2)], "f/wrong survives"),
        ([row(MUTANT, 0, 2, 2)], "must lose points in 1a.f.second, and does not"),
        ([row(MUTANT, 0, 0, 0)], "loses points in 1a.g.only, which it does not break"),
        (
            [row(MUTANT, 0, 0, 2, named="Other.")],
            "f/wrong is named a/name in 1a.f.first: Other.",
        ),
        ([row(MUTANT, 2, 2, 2)], "1a.f.first takes points from no mutant"),
        ([row(replace(MUTANT, caught_by=(), flagged=True), 2, 2, 2)], "must be flagged"),
    ],
)
def test_find_problems_finds_each_problem(rows, sentence):
    assert any(sentence in complaint for complaint in find_problems(proof(*rows)))


def test_find_problems_reports_grader_faults():
    wrong = row(MUTANT, 0, 0, 2)
    faulty = replace(wrong.report.checks[0], verdict=Verdict.GRADER_FAULT)
    report = replace(wrong.report, checks=(faulty, *wrong.report.checks[1:]))
    matrix = proof(replace(wrong, report=report))
    assert "f/wrong: the grader itself failed in 1a.f.first." in find_problems(matrix)


def test_find_problems_needs_every_check():
    matrix = proof(row(MUTANT, 0, 0, 2))
    assert find_problems(matrix) == []
    assert "must lose points in 1a.f.second" in find_problems(matrix.without("1a.f.second"))[0]


def slipping(mutant: Mutant, explained_by: tuple[str, ...], *capped: CappedSlip) -> GradedCase:
    """Return a row that lost 4 points in two checks, with these slips in its report."""
    wrong = row(mutant, 0, 0, 2, named="A sentence.")
    checks = tuple(
        replace(c, explained_by=explained_by) if c.points < 2 else c for c in wrong.report.checks
    )
    return replace(wrong, report=replace(wrong.report, checks=checks, slips=capped))


@pytest.mark.parametrize(
    ("case", "cap", "sentence"),
    [
        (slipping(MUTANT, ("f/wrong",)), 3, "f/wrong costs 4 points, more than the cap 3"),
        (slipping(MUTANT, ("f/other",)), 4, "in a slip, and 1a.f.second does not prove it"),
        (
            slipping(MUTANT, ("f/wrong",), CappedSlip("m", "1a", ("1a.f.first",), 4, 0)),
            4,
            "f/wrong costs nothing after slips",
        ),
    ],
)
def test_find_problems_finds_a_slip_without_proof(case, cap, sentence):
    slip = Slip("name", "m", ("f/wrong",), cap, "r")
    assert any(sentence in problem for problem in find_problems(proof(case), [slip]))


def test_find_problems_finds_points_returned_to_another_mutant():
    returned = CappedSlip("m", "1a", ("1a.f.first",), 4, 3)
    (problem,) = find_problems(proof(slipping(MUTANT, ("f/wrong",), returned)))
    assert "f/wrong is in no slip, and slips return points to it" in problem


def test_find_problems_accepts_a_capped_mutant():
    capped = CappedSlip("m", "1a", ("1a.f.first", "1a.f.second"), 4, 3)
    case, slip = slipping(MUTANT, ("f/wrong",), capped), Slip("name", "m", ("f/wrong",), 3, "r")
    assert find_problems(proof(case), [slip]) == []


def test_count_named_counts_mutants_and_checks():
    matrix = proof(row(MUTANT, 0, 0, 2))
    counted = count_named(matrix)
    assert (counted.mutants_named, counted.mutants) == (1, 2)
    assert (counted.checks_named, counted.checks) == (1, 3)


def test_tolerances_find_wrong_bounds_of_the_rubric(rubric):
    item = RubricItem("1a.f.first", 2, True, tolerance=0.1, worst_correct=0.01, nearest_wrong=0.5)
    small = replace(rubric, items={"1a.f.first": item})
    within = {"1a.f.first": tolerances.Bounds(0.01, "other", 0.5, "f/wrong")}
    assert tolerances.find_problems(within, small) == []
    outside = {"1a.f.first": tolerances.Bounds(0.02, "other", 0.4, "f/wrong")}
    first, second = tolerances.find_problems(outside, small)
    assert "within 0.01, got 0.02 from other" in first
    assert "at least 0.5 away, got 0.4 from f/wrong" in second
