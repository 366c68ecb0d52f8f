"""A slip caps what its explained checks lose together, and nothing else."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.engine.corpus import Mutant, load_mutants
from autograder.engine.record import CheckResult, Report, Verdict
from autograder.engine.rubric import RUBRIC, load_rubric
from autograder.engine.slips import (
    MOST_SLIPS,
    Slip,
    cap_again,
    cap_slips,
    refuse_bad_slips,
    slips_from_json,
    slips_to_json,
)
from autograder.errors import RubricError
from autograder.grading.unnamed_mistakes import unnamed_mistakes
from autograder.report import wording

ROUNDS = Slip("rounding", "It truncates.", ("f/truncates", "f/floor"), 4.0, "A reason.")
SIGN = Slip("sign", "The sign is wrong.", ("f/sign", "g/sign"), 1.0, "A reason.")


def failed(name: str, *explained_by: str, points: float = 2.0, earned: float = 0.0) -> CheckResult:
    verdict = Verdict.CORRECT if earned == points else Verdict.WRONG
    id = f"1a.f.{name}"
    return CheckResult(
        id, "1a", name, True, "call", verdict, earned, points, earned, explained_by=explained_by
    )


def test_cap_slips_caps_the_loss_of_all_explained_checks():
    checks = [failed(name, "f/truncates") for name in "abcde"]
    (capped,) = cap_slips([ROUNDS, SIGN], checks)
    assert (capped.lost, capped.cap, capped.returned, capped.question) == (10, 4, 6, "1a")
    assert capped.checks == tuple(check.id for check in checks)


def test_cap_slips_leaves_a_check_with_another_mistake_alone():
    checks = [*(failed(name, "f/truncates") for name in "abc"), failed("d"), failed("e", "f/other")]
    (capped,) = cap_slips([ROUNDS], checks)
    assert (capped.lost, capped.returned) == (6, 2)


def test_cap_slips_needs_the_same_mutant_in_all_checks_of_a_function():
    checks = [failed("a", "f/truncates"), failed("b", "f/truncates"), failed("c", "f/floor")]
    assert cap_slips([ROUNDS], checks) == ()
    both = [failed(name, "f/truncates", "f/floor") for name in "abc"]
    assert cap_slips([ROUNDS], both)[0].lost == 6


def test_cap_slips_caps_one_mistake_in_two_functions_once():
    checks = [failed("a", "f/sign"), failed("b", "g/sign")]
    (capped,) = cap_slips([ROUNDS, SIGN], checks)
    assert (capped.lost, capped.returned) == (4, 3)


def test_cap_slips_caps_two_mistakes_of_one_function_each():
    checks = [
        *(failed(name, "f/truncates", points=3) for name in "ab"),
        *(failed(name, "f/sign") for name in "cd"),
    ]
    assert [slip.returned for slip in cap_slips([ROUNDS, SIGN], checks)] == [2, 3]


def test_cap_slips_counts_a_check_for_one_slip_only():
    checks = [failed("a", "f/truncates", "f/sign"), *(failed(n, "f/truncates") for n in "bc")]
    (capped,) = cap_slips([SIGN, ROUNDS], checks)
    assert (capped.mistake, capped.lost) == ("It truncates.", 6)


def test_cap_slips_is_silent_below_the_cap():
    assert cap_slips([ROUNDS], [failed("a", "f/truncates"), failed("b", "f/floor")]) == ()
    assert cap_slips([ROUNDS], [failed("a", "f/truncates", earned=2.0)]) == ()


CHECKS = st.lists(
    st.builds(
        lambda place, names, points, share: failed(
            f"c{place}", *names, points=points, earned=round(points * share, 4)
        ),
        st.integers(0, 9),
        st.lists(
            st.sampled_from(["f/truncates", "f/floor", "f/sign", "g/sign", "f/x"]), max_size=3
        ),
        st.sampled_from([0.5, 1.0, 2.5, 3.0]),
        st.sampled_from([0.0, 0.5, 1.0]),
    ),
    max_size=10,
    unique_by=lambda check: check.id,
)


@given(CHECKS)
def test_cap_slips_stays_between_the_points_without_it_and_the_maximum(checks):
    report = Report("ada", "", "", tuple(checks), {"1a": "Title"})
    capped = replace(report, slips=cap_slips([ROUNDS, SIGN], checks))
    assert report.auto_score <= capped.auto_score <= report.auto_max
    explained = [id for slip in capped.slips for id in slip.checks]
    assert len(explained) == len(set(explained))
    assert capped.questions[0].score == capped.auto_score
    assert Report.from_json(capped.to_json()) == capped


def test_cap_again_forgets_what_staff_have_graded():
    checks = [failed(name, "f/truncates") for name in "abcde"]
    capped = cap_slips([ROUNDS], checks)
    by_staff = [replace(c, explained_by=(), points=2.0) for c in checks[:2]]
    (again,) = cap_again(capped, [*by_staff, *checks[2:]])
    assert (again.lost, again.returned) == (6, 2)
    assert tuple(cap_again(capped, [replace(c, explained_by=()) for c in checks])) == ()


def test_slip_sentence_says_what_one_mistake_costs():
    (capped,) = cap_slips([ROUNDS], [failed(name, "f/truncates") for name in "abcde"])
    sentence = "It truncates. One mistake explains these five checks: -4, not -10."
    assert wording.slip_sentence(capped) == sentence


def test_slips_survive_their_text():
    slips = load_rubric().slips
    assert slips_from_json(slips_to_json(slips)) == slips


def test_rubric_has_few_slips_with_reasons(rubric):
    assert 0 < len(rubric.slips) <= MOST_SLIPS
    refuse_bad_slips(rubric.slips, rubric.points, load_mutants())


def test_rubric_caps_no_missing_idea(rubric):
    listed = {mutant for slip in rubric.slips for mutant in slip.mutants}
    assert not listed & {
        "STE/zero_gradient",
        "STE/no_custom_gradient",
        "STE/returns_input",
        "get_scale/maximum",
        "linear_quantize/no_rounding",
        "linear_quantize/no_clipping",
        "reset_scale_and_zero_point/heuristic_is_sym",
        "quantized_linear_function/float_layer",
        "variable_precision_search/always_the_widest",
        "variable_precision_search/ignores_the_floor",
        "variable_precision_search/nothing_returned",
    }


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"mutants": ("linear_quantize/typo",)}, "linear_quantize/typo, which is not a named"),
        ({"mutants": ("answers/decibels",)}, "not a named mutant of solution.py"),
        ({"mutants": ("linear_quantize/ceil", "STE/ones")}, "mutants of several questions"),
        ({"cap": 10.5}, "can lose only 10"),
    ],
)
def test_refuse_bad_slips_names_the_slip(rubric, changes, sentence):
    slip = replace(rubric.slips[0], **changes)
    with pytest.raises(RubricError, match=sentence) as refused:
        refuse_bad_slips([slip], rubric.points, load_mutants())
    assert "[slips.rounding]" in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("cap = 4\n", "cap = 0\n", "cap must be a number above 0"),
        ("cap = 4\n", "", "cap"),
        ('reason = "Scaling', 'raeson = "Scaling', "raeson"),
        ('"linear_quantize/floor"', '"STE/divides_twice"', "another slip lists too"),
    ],
)
def test_load_rubric_refuses_a_wrong_slip(tmp_path, old, new, sentence):
    text = RUBRIC.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "rubric.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RubricError, match=sentence):
        load_rubric(path)


def test_load_rubric_refuses_a_sixteenth_slip(tmp_path):
    more = '[slips.more{}]\nmistake = "m"\nmutants = ["f/{}"]\ncap = 1\nreason = "r"\n'
    path = tmp_path / "rubric.toml"
    extra = "".join(more.format(n, n) for n in range(MOST_SLIPS))
    path.write_text(RUBRIC.read_text(encoding="utf-8") + extra, encoding="utf-8")
    with pytest.raises(RubricError, match="at most 15 entries"):
        load_rubric(path)


def test_unnamed_mistakes_lists_functions_with_many_failed_checks():
    checks = [failed(name) for name in "abcd"]
    (flag,) = unnamed_mistakes(checks)
    assert "4 failed checks of 1a.f" in flag
    assert not list(unnamed_mistakes(checks[1:]))
    assert not list(unnamed_mistakes([*checks[1:], failed("a", "f/floor")]))
    assert not list(unnamed_mistakes([replace(c, verdict=Verdict.MISSING) for c in checks]))


def test_mutants_of_a_slip_are_named_mutants():
    by_name: dict[str, Mutant] = {mutant.name: mutant for mutant in load_mutants()}
    for slip in load_rubric().slips:
        assert all(by_name[name].named for name in slip.mutants), slip.name
