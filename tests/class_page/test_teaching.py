"""Each mistake that the grader can name has something to say in class, and is counted once."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.course.mistakes import group_mistakes, mistake_keys
from autograder.course.teaching import BadTeaching, load_ideas, teaching_ideas
from autograder.engine.corpus import load_mutants
from autograder.engine.record import CappedSlip, Misconception, Report, Verdict
from tests.class_outputs.people import RUBRIC, a_check, a_report

NAMEABLE = {m.name for m in load_mutants() if m.named and (m.in_solution or m.folder == "answers")}
SIGNED, UNSIGNED = "1a.linear_quantize.signed", "1a.linear_quantize.unsigned"


def _wrong(student: str, mutant: str, *checks: str, named: bool = True) -> Report:
    """A student whose answers in these checks are those of a mutant."""
    mistake = Misconception(mutant, "You truncate.") if named else None
    changes = {
        id: a_check(id, Verdict.WRONG, misconception=mistake, explained_by=(mutant,))
        for id in checks
    }
    return a_report(student, **changes)


def test_teaching_covers_every_mistake_that_can_be_named() -> None:
    covered = {mutant for idea in teaching_ideas() for mutant in idea.mutants}
    assert covered == NAMEABLE


def test_teaching_covers_every_slip_with_all_of_its_mutants() -> None:
    by_slip = {idea.slip: idea for idea in teaching_ideas() if idea.slip}
    assert by_slip.keys() == {slip.name for slip in RUBRIC.slips}
    for slip in RUBRIC.slips:
        assert set(slip.mutants) <= set(by_slip[slip.name].mutants), slip.name


def test_teaching_has_short_whole_sentences() -> None:
    for idea in teaching_ideas():
        for text in (idea.believed, idea.truth):
            assert text.endswith("."), idea.name
            assert all(len(s.split()) <= 25 for s in re.split(r"(?<=[.;:]) ", text)), idea.name


def test_teaching_names_do_not_contain_each_other() -> None:
    names = [idea.name for idea in teaching_ideas()]  # the page searches for them as text
    assert not [(a, b) for a in names for b in names if a != b and b.startswith(a)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[ideas.a]\nmutants = ["x/y"]\nbelieved = "B."\n', "ideas.a.truth is missing"),
        (
            "".join(
                f'[ideas.{name}]\nmutants = ["x/y"]\nbelieved = "B."\ntruth = "T."\n'
                for name in "ab"
            ),
            "x/y is in a and in b",
        ),
    ],
)
def test_load_ideas_refuses_a_wrong_file(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "teaching.toml").write_text(text, encoding="utf-8")
    with pytest.raises(BadTeaching, match=message):
        load_ideas(tmp_path / "teaching.toml")


def test_group_mistakes_counts_a_submission_once_per_idea() -> None:
    both = _wrong("a", "linear_quantize/floor", SIGNED)
    second = a_check(
        UNSIGNED, Verdict.WRONG, misconception=Misconception("linear_quantize/ceil", "Up.")
    )
    both = replace(both, checks=tuple(second if c.id == UNSIGNED else c for c in both.checks))
    groups = group_mistakes([both, _wrong("b", "linear_quantize/floor", SIGNED)], RUBRIC.slips)
    (group,) = groups
    assert (group.key, group.count) == ("idea:rounding", 2)
    assert [(m.name, m.count) for m in group.mistakes] == [
        ("linear_quantize/floor", 2),
        ("linear_quantize/ceil", 1),
    ]


def test_group_mistakes_counts_slips_and_what_their_caps_returned() -> None:
    (slip,) = [slip for slip in RUBRIC.slips if slip.name == "rounding"]
    capped = CappedSlip(slip.mistake, "1a", (SIGNED,), lost=6.5, cap=4.0)
    reports = [
        replace(_wrong("a", "linear_quantize/floor", SIGNED, UNSIGNED), slips=(capped,)),
        _wrong("b", "linear_quantize/ceil", SIGNED, named=False),
        a_report("c"),
    ]
    (group,) = group_mistakes(reports, RUBRIC.slips)
    assert group.slip is not None
    assert (group.count, group.slip.count, group.slip.capped, group.slip.returned) == (2, 2, 1, 2.5)


def test_group_mistakes_shows_a_mistake_without_an_idea() -> None:
    (group,) = group_mistakes([_wrong("a", "own/mistake", SIGNED)], RUBRIC.slips)
    assert (group.key, group.truth, group.count) == ("own/mistake", "", 1)
    assert mistake_keys(a_report("b"), RUBRIC.slips) == frozenset()
