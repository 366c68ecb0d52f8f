"""A rubric adds up and names exactly the checks that exist, or is refused with a sentence."""

import re
from pathlib import Path

import pytest

from authoring.build.stub import STUB
from autograder.checks import ALL_CHECKS
from autograder.engine.rubric import RUBRIC, RubricError, load_rubric, refuse_mismatch

HANDOUT_POINTS = {
    "1a": 30,
    "1b": 10,
    "1c": 10,
    "2a": 5,
    "2b": 20,
    "2c": 5,
    "2d": 30,
    "3": 30,
}


def edited(tmp_path: Path, old: str, new: str) -> Path:
    text = RUBRIC.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    path = tmp_path / "rubric.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_rubric_points_equal_those_of_the_handout(rubric):
    assert {question.id: question.points for question in rubric.questions} == HANDOUT_POINTS


def test_rubric_names_exactly_the_existing_checks(rubric):
    assert set(rubric.items) == {check.id for check in ALL_CHECKS}
    assert len({check.id for check in ALL_CHECKS}) == len(ALL_CHECKS)


def test_rubric_accepts_every_search_that_the_docstring_accepts(rubric):
    text = STUB.read_text(encoding="utf-8")
    (percent,) = re.findall(r"An error at most (\S+) % above the least passes every check", text)
    tolerances = [item.tolerance for id, item in rubric.items.items() if "heuristic" in id]
    assert min(tolerances) == float(percent) / 100


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("points = 3\n", "points = 4\n", "add up to 31 points"),
        ("points = 3\n", "pionts = 3\n", "pionts is not a setting; did you mean points"),
        ("visible = true\n", "", "visible is missing"),
        ("[questions]", "[questions", "not valid TOML"),
        (
            "worst_correct = ",
            "honest = ",
            r"dequantize\.values.*honest is now called worst_correct",
        ),
        ("nearest_wrong = ", "mutant = ", "mutant is now called nearest_wrong"),
        ("ramp = 3.0", "", "ramp"),
        ("W8A8 = 91.0\n", "", "W8A8"),
        ("[bonus]", "[bonuses]", "bonus"),
        ('[checks."1c.comparison"]', '[checks."9z.comparison"]', "1c"),
    ],
)
def test_load_rubric_refuses_a_mistake_and_names_its_place(tmp_path, old, new, reason):
    with pytest.raises(RubricError, match=reason):
        load_rubric(edited(tmp_path, old, new))


def test_refuse_mismatch_names_a_check_that_does_not_exist(rubric):
    with pytest.raises(RubricError, match=r"do not exist: .*1a\.reset\.sym"):
        refuse_mismatch(rubric, set(rubric.items) - {"1a.reset.sym"})


def test_refuse_mismatch_names_a_check_without_points(rubric):
    with pytest.raises(RubricError, match=r"forgets checks: .*4\.new"):
        refuse_mismatch(rubric, {*rubric.items, "4.new"})


@pytest.mark.parametrize(
    ("accuracy", "credit"),
    [(92.0, 1.0), (90.0, 1.0), (88.5, 0.5), (87.0, 0.0), (10.0, 0.0)],
)
def test_rubric_credit_falls_linearly_over_three_points(rubric, accuracy, credit):
    assert rubric.credit("cifar10", "W4A4", accuracy) == pytest.approx(credit)


def test_rubric_bonus_grows_as_the_model_shrinks(rubric):
    sizes = [500, 131, 98, 65, 51, 41, 20]
    bonuses = [rubric.bonus(size) for size in sizes]
    assert bonuses == sorted(bonuses)
    assert bonuses[0] == 0
    assert bonuses[-1] == 5
