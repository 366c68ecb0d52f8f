"""What a class is graded with is checked before anything is graded."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.course.course_file import PolicyError, load_policy
from autograder.course.preflight import refuse_unusable_inputs
from autograder.course.reports import GradingSetup
from autograder.engine.rubric import load_rubric
from autograder.platforms import Export, read_export
from quantlab.data.cifar10 import DataNotFound


@pytest.fixture
def export(tmp_path: Path) -> Iterator[Export]:
    for student in ("007", "ada"):
        (tmp_path / "class" / student).mkdir(parents=True)
        (tmp_path / "class" / student / "solution.py").write_text("x = 1\n")
    with read_export(tmp_path / "class") as opened:
        yield opened


def _setup(check: str = "1*") -> GradingSetup:
    return GradingSetup(load_rubric(), check, "cifar10", quick=False)


@pytest.mark.parametrize(
    ("course", "roster", "manual", "sentence"),
    [
        ("", "", "adda,1b.explanation,1", "names adda, an unknown student. Did you mean ada"),
        ("", "", "ada,1b.explanations,1", "line 2: unknown check 1b.explanations"),
        ("", "", "ada,1b.explanation,4.5", "ada has 4.5 points for 1b.explanation, which is worth"),
        ("", "", "ada,auto-1a,31", "for auto-1a, which is worth 30"),
        ('excused = ["bob"]', "", "", "excuses bob, an unknown student"),
        ('roster = "r.csv"', "student,ID\n7,1\n007,2\n", "", "lines 2 and 3: both are for 007"),
    ],
)
def test_refuse_unusable_inputs_names_what_does_not_fit_the_class(
    course: str, roster: str, manual: str, sentence: str, export: Export, tmp_path: Path
) -> None:
    (tmp_path / "r.csv").write_text(roster)
    (tmp_path / "course.toml").write_text(course)
    scores = tmp_path / "manual.csv"
    scores.write_text(f"student,check,points\n{manual}\n")
    with pytest.raises(PolicyError, match=sentence):
        refuse_unusable_inputs(export, _setup(), load_policy(tmp_path / "course.toml"), [scores])


def test_refuse_unusable_inputs_accepts_a_class_that_fits(export: Export, tmp_path: Path) -> None:
    scores = tmp_path / "manual.csv"
    scores.write_text("student,check,points\n7,1b.explanation,4\n")
    (tmp_path / "course.toml").write_text("")
    refuse_unusable_inputs(export, _setup(), load_policy(tmp_path / "course.toml"), [scores])


def test_refuse_unusable_inputs_names_a_missing_data_set(
    export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIFAR10_ROOT", str(tmp_path / "nothing"))
    (tmp_path / "course.toml").write_text("")
    with pytest.raises(DataNotFound, match="was not found in"):
        refuse_unusable_inputs(export, _setup("2d*"), load_policy(tmp_path / "course.toml"), [])
