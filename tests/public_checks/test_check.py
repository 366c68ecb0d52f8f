"""What a student is told by the public checks: right, wrong and why, or not written yet."""

import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch

from authoring.build import public_checks
from authoring.build.stub import STUB
from autograder.engine.corpus import load_alternatives, load_mutants
from autograder.paths import REFERENCE
from quantlab.check import MISSING, RIGHT, WRONG, check, main, run
from quantlab.errors import NoPublicChecks
from quantlab.protocol.public_checks import load, questions

REFERENCE = REFERENCE.read_text(encoding="utf-8")
ALL = {one.id: one for question in questions() for one in load(question)}
MUTANTS = [
    mutant for mutant in load_mutants() if mutant.in_solution and set(mutant.caught_by) & ALL.keys()
]


@pytest.fixture
def solution(tmp_path, monkeypatch):
    """Writes solution.py into an empty current folder."""
    monkeypatch.chdir(tmp_path)

    def write(text: str) -> None:
        Path("solution.py").write_text(text, encoding="utf-8")

    write(REFERENCE)
    return write


def everything():
    return [one for question in questions() for one in run(question)]


def test_the_files_are_those_of_the_checks_that_mark():
    assert public_checks.find_differences() == []


def test_a_check_that_has_changed_is_noticed(monkeypatch):
    monkeypatch.setattr(public_checks, "DRAWS", public_checks.StudentRandom(b"other", "public"))
    assert "1a.linear_quantize.signed has changed." in public_checks.find_differences()


def test_every_question_with_functions_has_some():
    assert questions() == ("1a", "2a", "2b", "3")
    assert len(ALL) == 14


def test_the_reference_is_right(solution):
    assert {one.outcome for one in everything()} == {RIGHT}


@pytest.mark.parametrize("alternative", load_alternatives(), ids=lambda one: one.name)
def test_other_right_solutions_are_right(solution, alternative):
    solution(alternative.source(REFERENCE))
    assert [(one.check.id, one.lines) for one in everything() if one.outcome != RIGHT] == []


def test_the_stub_is_told_what_is_missing(solution, capsys):
    solution(STUB.read_text(encoding="utf-8"))
    assert {one.outcome for one in everything()} == {MISSING}
    check("2a")
    printed = capsys.readouterr().out
    assert "Question 2a: 0 of 2 public checks pass." in printed
    assert "still raises NotImplementedError" in printed


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_known_mistake_is_wrong_where_it_should_be_and_taught(solution, mutant):
    solution(mutant.source(REFERENCE))
    found = {one.check.id: one for one in everything()}
    for id in set(mutant.caught_by) & ALL.keys():
        assert found[id].outcome in (WRONG, MISSING)
        taught = {one.sentence for one in ALL[id].mistakes}
        if mutant.named and mutant.sentence in taught and len(found[id].lines) > 1:
            hints = [line for line in found[id].lines if line.startswith("Hint: ")]
            assert hints in ([], [f"Hint: {mutant.sentence}"])


def test_most_mistakes_get_their_hint(solution):
    hinted = 0
    for mutant in MUTANTS:
        solution(mutant.source(REFERENCE))
        lines = [line for one in everything() for line in one.lines]
        hinted += f"Hint: {mutant.sentence}" in lines
    assert hinted >= 0.8 * len(MUTANTS)


def test_a_wrong_result_is_shown_beside_the_right_one(solution, capsys):
    solution(REFERENCE + "\n\ndef linear_dequantize(input, scale, zero_point):\n    return input\n")
    check("1a")
    printed = capsys.readouterr().out
    assert "✗ linear_dequantize multiplies by the scale" in printed
    assert "expected float32 (5, 9)" in printed
    assert "got      float32 (5, 9)" in printed


def test_an_exception_is_a_sentence_with_its_line(solution, capsys):
    solution("def linear_dequantize(input, scale, zero_point):\n    return 1 / 0\n")
    check("1a")
    printed = capsys.readouterr().out
    assert "solution.py raises ZeroDivisionError in line 2: division by zero" in printed


def test_a_file_that_does_not_import_is_a_sentence(solution, capsys):
    solution("def broken(:\n")
    check("2a")
    assert "line 1" in capsys.readouterr().out


def test_what_is_saved_is_what_is_checked(solution):
    before = run("1a")[0].outcome
    solution(REFERENCE.replace("torch.round", "torch.floor"))
    assert (before, run("1a")[0].outcome) == (RIGHT, WRONG)


def test_nothing_around_it_is_disturbed(solution):
    sys.modules["solution"] = marker = type(sys)("solution")
    try:
        torch.manual_seed(3)
        np.random.seed(3)
        run("3")
        found = torch.rand(1), np.random.rand()
        torch.manual_seed(3)
        np.random.seed(3)
        assert (torch.rand(1), np.random.rand()) == found
        assert sys.modules["solution"] is marker
        with torch.no_grad():
            assert {one.outcome for one in run("2a")} == {RIGHT}
            assert not torch.is_grad_enabled()
    finally:
        del sys.modules["solution"]


def test_a_question_without_functions_is_a_sentence(solution, capsys):
    with pytest.raises(NoPublicChecks, match="those that have are 1a, 2a, 2b, 3"):
        run("2d")
    check("2d")
    assert "no functions to check" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "text", "status"),
    [
        (["2a"], REFERENCE, 0),
        (["2a"], "", 1),
        (["9z"], REFERENCE, 2),
        (["2a", "--solution", "nothing.py"], REFERENCE, 2),
    ],
)
def test_the_exit_status(solution, arguments, text, status):
    solution(text)
    assert main(arguments) == status


def test_damaged_checks_are_a_sentence(solution, tmp_path):
    (tmp_path / "1a.checks").write_bytes(b"no frame")
    with pytest.raises(NoPublicChecks, match="get the bundle of the assignment again"):
        run("1a", folder=tmp_path)


def test_pytest_skips_what_is_not_written_and_fails_what_is_wrong(solution):
    """As a student runs it: `pytest tests/public`."""
    half = STUB.read_text(encoding="utf-8") + textwrap.dedent(
        """
        def linear_dequantize(input, scale, zero_point):
            return input
        """
    )
    solution(half)
    folder = Path(public_checks.FOLDER)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(folder)]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    assert shown.stdout.startswith("ssF" + 11 * "s")
