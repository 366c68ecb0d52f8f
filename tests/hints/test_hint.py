"""`hint`: three levels for each function, of a question only for what is not right yet."""

import re

import pytest

from authoring.build.stub import STUB
from autograder.paths import REFERENCE
from quantlab.check import hint, main
from quantlab.notebook.hint_texts import HINTS
from quantlab.protocol.public_checks import load, questions

CORRECT = REFERENCE.read_text(encoding="utf-8")
WRONG_SCALE = "\n\ndef get_scale(input, N_bits=8):\n    return input.abs().max()\n"
CODE = re.compile(
    r"torch|np\.|F\.|\bdef\b|\breturn \w+\(|\.\w+\(|\*\*|//|==|\blambda\b|\bfor \w+ in"
)


@pytest.fixture
def solution(tmp_path):
    """Writes solution.py and returns its path."""

    def write(text):
        path = tmp_path / "solution.py"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def printed(capsys):
    """What `hint` prints."""

    def call(*arguments, **options):
        hint(*arguments, **options)
        return capsys.readouterr().out

    return call


def hinted(text):
    return re.findall(r"^(\w+), hint", text, re.MULTILINE)


def test_hints_exist_for_every_function_with_public_checks():
    names = {check.program.target for question in questions() for check in load(question)}
    assert names == {hints.function for hints in HINTS}
    assert {hints.question for hints in HINTS} == set(questions())


def test_hint_of_a_question_is_about_the_functions_that_are_not_right(solution, printed):
    text = printed("1a", solution=solution(CORRECT + WRONG_SCALE))
    assert hinted(text) == ["get_scale", "reset_scale_and_zero_point"]
    assert 'Next: hint("1a", 2) shows the equation.' in text


def test_hint_of_a_question_covers_all_functions_of_the_stub(solution, printed):
    path = solution(STUB.read_text(encoding="utf-8"))
    assert [hinted(printed(question, 3, path)) for question in ("1a", "2a", "2b", "3")] == [
        [hints.function for hints in HINTS if hints.question == question]
        for question in ("1a", "2a", "2b", "3")
    ]


def test_hint_of_a_finished_question_says_so(solution, printed):
    text = printed("2b", solution=solution(CORRECT))
    assert text == "All public checks of question 2b pass. For a hint name a function.\n"


@pytest.mark.parametrize("level", [1, 2, 3])
def test_hint_of_a_function_needs_no_solution(printed, level):
    text = " ".join(printed("get_scale", level).split())
    assert f"get_scale, hint {level} of 3" in text
    assert " ".join(HINTS[2].levels[level - 1].split()) in text
    assert ("Next:" in text) == (level < 3)


def test_hint_knows_the_estimator_by_both_names(printed):
    assert hinted(printed("linear_quantize_STE")) == hinted(printed("_quantize_func_STE"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("1b",), "There is no hint for '1b': choose a question (1a, 2a, 2b, 3) or a function"),
        ((3,), "There is no hint for 3: choose"),
        (("1a", 4), "Expected a level from 1 to 3, got 4."),
        (("1a", "2"), "Expected a level from 1 to 3, got '2'."),
        (("1a", True), "Expected a level from 1 to 3, got True."),
        (("1a", [2]), "Expected a level from 1 to 3, got [2]."),
        ((["1a"],), "There is no hint for ['1a']: choose"),
    ],
)
def test_hint_answers_wrong_arguments_with_one_sentence(printed, arguments, sentence):
    text = printed(*arguments)
    assert text.startswith(sentence)
    assert len(text.splitlines()) == 1


def test_hint_of_a_missing_solution_says_so(tmp_path, printed):
    assert "nothing.py" in printed("1a", solution=tmp_path / "nothing.py")


@pytest.mark.parametrize("hints", HINTS, ids=lambda hints: hints.function)
def test_hints_contain_no_code(hints):
    assert [CODE.search(text) for text in hints.levels] == [None] * 3
    assert hints.levels[0].count("?") >= 2


def test_main_prints_a_hint(solution, capsys):
    assert main(["--hint", "1a", "2", "--solution", str(solution(CORRECT + WRONG_SCALE))]) == 0
    assert "get_scale, hint 2 of 3" in capsys.readouterr().out
    assert main(["--hint", "integer_linear"]) == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["9"], "There is no hint for '9'"),
        (["1a", "x"], "Expected a level from 1 to 3, got 'x'."),
        (["1a", "0"], "Expected a level from 1 to 3, got 0."),
    ],
)
def test_main_cannot_start_with_a_wrong_hint(capsys, words, sentence):
    assert main(["--hint", *words]) == 2
    assert capsys.readouterr().err.startswith(sentence)
