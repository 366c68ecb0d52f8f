"""What a student is told by the public checks: right, wrong and why, or not written yet."""

import os
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
from quantlab.check import CLOSED_PIPE, check, main, run
from quantlab.errors import NoPublicChecks
from quantlab.paths import KIT
from quantlab.protocol.public_checks import load, questions
from quantlab.protocol.run_public_checks import MISSING, RIGHT, WRONG

REFERENCE = REFERENCE.read_text(encoding="utf-8")
ALL = {public_check.id: public_check for question in questions() for public_check in load(question)}
SENTENCES = {mistake.sentence for public in ALL.values() for mistake in public.mistakes}
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
    return [result for question in questions() for result in run(question)]


def test_find_differences_is_empty_for_the_committed_files():
    assert public_checks.find_differences() == []


def test_find_differences_names_a_changed_check(monkeypatch):
    monkeypatch.setattr(public_checks, "DRAWS", public_checks.StudentRandom(b"other", "public"))
    assert "1a.linear_quantize.signed has changed." in public_checks.find_differences()


def test_questions_lists_every_question_with_functions():
    assert questions() == ("1a", "2a", "2b", "3")
    assert len(ALL) == 26


def test_run_accepts_the_reference(solution):
    assert {result.outcome for result in everything()} == {RIGHT}


@pytest.mark.parametrize("alternative", load_alternatives(), ids=lambda result: result.name)
def test_run_accepts_other_right_solutions(solution, alternative):
    solution(alternative.source(REFERENCE))
    assert [
        (result.check.id, result.lines) for result in everything() if result.outcome != RIGHT
    ] == []


def test_check_explains_what_the_stub_lacks(solution, capsys):
    solution(STUB.read_text(encoding="utf-8"))
    assert {result.outcome for result in everything()} == {MISSING}
    check("2a")
    printed = capsys.readouterr().out
    assert "Question 2a: 0 of 3 public checks pass." in printed
    assert printed.count("linear_quantize_STE: not written yet.") == 1
    assert printed.count("still raises NotImplementedError") == 1


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_run_rejects_a_mutant_and_gives_no_other_hint(solution, mutant):
    solution(mutant.source(REFERENCE))
    results = {item.check.id: item for item in everything()}
    for id in set(mutant.caught_by) & ALL.keys():
        assert results[id].outcome in (WRONG, MISSING)
        hints = [line.removeprefix("Hint: ") for line in results[id].lines if "Hint: " in line]
        assert len(hints) <= 1
        assert set(hints) & SENTENCES <= {mutant.sentence}


def test_run_gives_hints_for_most_mistakes(solution):
    hinted = 0
    for mutant in MUTANTS:
        solution(mutant.source(REFERENCE))
        lines = [line for result in everything() for line in result.lines]
        hinted += f"Hint: {mutant.sentence}" in lines
    assert hinted >= 0.8 * len(MUTANTS)


def test_check_shows_got_beside_expected(solution, capsys):
    solution(REFERENCE + "\n\ndef linear_dequantize(input, scale, zero_point):\n    return input\n")
    check("1a")
    printed = capsys.readouterr().out
    assert "✗ multiplies by the scale" in printed
    assert "x_int = -8, s = 0.1033, z = 0: s (x_int + z) is -0.8267, got -8" in printed


def test_check_names_the_line_of_an_exception(solution, capsys):
    solution("def linear_dequantize(input, scale, zero_point):\n    return 1 / 0\n")
    check("1a")
    printed = capsys.readouterr().out
    assert "solution.py raises ZeroDivisionError in line 2: division by zero" in printed


@pytest.mark.parametrize("text", ["def broken(:\n", "import nothing_like_this\n"])
def test_check_says_once_why_the_file_cannot_be_imported(solution, capsys, text):
    solution(text)
    check()
    printed = capsys.readouterr().out
    assert printed.count("Nothing was checked: solution.py ") == 1
    assert "in line 1" in printed
    assert len(printed.splitlines()) <= 2  # the second is about what the grader refuses


def test_run_checks_the_saved_file(solution):
    before = run("1a")[0].outcome
    solution(REFERENCE.replace("torch.round", "torch.floor"))
    assert (before, run("1a")[0].outcome) == (RIGHT, WRONG)


def test_run_restores_random_state_and_modules(solution):
    sys.modules["solution"] = marker = type(sys)("solution")
    try:
        torch.manual_seed(3)
        np.random.seed(3)
        run("3")
        numbers = torch.rand(1), np.random.rand()
        torch.manual_seed(3)
        np.random.seed(3)
        assert (torch.rand(1), np.random.rand()) == numbers
        assert sys.modules["solution"] is marker
        with torch.no_grad():
            assert {result.outcome for result in run("2a")} == {RIGHT}
            assert not torch.is_grad_enabled()
    finally:
        del sys.modules["solution"]


def test_check_explains_a_question_without_functions(solution, capsys):
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
def test_main_returns_the_exit_status(solution, arguments, text, status):
    solution(text)
    assert main(arguments) == status


def test_main_ends_quietly_when_its_reader_has_read_enough(solution):
    command = [sys.executable, "-m", "quantlab.check", "2a"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(KIT)},
    ) as process:
        process.stdout.close()  # as `| head` does
        errors = process.stderr.read()
    assert (process.returncode, errors) == (CLOSED_PIPE, b"")


def test_run_explains_damaged_checks(solution, tmp_path):
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
    assert shown.stdout.startswith("ssssFF" + 20 * "s")
