"""Hidden checks say near, off or far, and that does not reveal the expected numbers."""

from dataclasses import replace

import numpy as np
import pytest

from autograder.checks import distance as distances
from autograder.checks.distance import distance, distance_word
from autograder.checks.squared_error import best_scale
from autograder.engine.redaction import FAR, NEAR, OFF
from autograder.engine.secret import StudentRandom
from autograder.grading.submission import grade_submission
from quantlab.intake.submission import Submission
from quantlab.protocol.calls import Answer
from quantlab.protocol.comparison import AnyOf, Close, Codes, Each, IntegerTensor, Widths
from quantlab.protocol.expectation import Expectation
from quantlab.protocol.quality_rules import BestScale, NearLeastError
from tests.marking.conftest import by_id

CHECK = "1a.linear_dequantize.zero_point"
SENTENCE = "linear_dequantize does not return the right values"
CODES = np.arange(-8, 8, dtype=np.float32)
TOLERANCE = 2e-4  # of 1a.get_scale.mean_not_zero, the hidden check of single numbers


def word(got, expected, student="ada", rule=None):
    return distance_word(
        "a check",
        StudentRandom(b"a course secret", student),
        [Expectation(0, rule or Close(TOLERANCE), expected)],
        Answer((got,), ({},), {}),
    )


@pytest.mark.parametrize(
    ("rule", "got", "expected", "far"),
    [
        (Close(0.01), np.array([1.0, 3.0]), np.array([1.0, 2.0]), 0.5),
        (Close(0.01), np.array([1.0, 2.001]), np.array([1.0, 2.0]), 0.0),
        (Close(0.01), np.array([np.nan, 2.0]), np.array([1.0, 2.0]), np.inf),
        (Close(0.01), np.array(1.0), np.array(0.0), np.inf),
        (Close(0.01), np.zeros(3), np.zeros(2), None),
        (Close(0.01), "text", np.zeros(2), None),
        (Codes(), np.where(CODES == -8, 5, CODES), CODES, 1 / 16),
        (IntegerTensor(), np.array([2**24 + 1]), np.array([2**24]), 2.0**-24),
        (AnyOf(Close(0.01)), 3.0, [2.0, 4.0], 0.25),
        (Each((Close(0.01), Codes()), ("scale", "z")), (2.0, 1), (2.0, 0), 1.0),
        (Each((Close(0.01), Codes()), ("scale", "z")), 2.0, (2.0, 0), None),
        (Widths(("a",), (2, 4)), {"a": 3}, None, None),
    ],
)
def test_distance_is_relative_or_the_share_of_wrong_elements(rule, got, expected, far):
    assert distance(rule, got, expected) == far


@pytest.mark.parametrize(
    ("factor", "expected"), [(1.03, NEAR), (1.2, OFF), (0.75, OFF), (2.0, FAR)]
)
def test_distance_word_follows_the_bands(factor, expected):
    assert {word(0.37 * factor, 0.37, f"student {n}") for n in range(20)} == {expected}


def test_distance_word_is_empty_where_nothing_can_be_compared():
    assert word(0.37, 0.37) == word("text", 0.37) == word(np.zeros(2), np.zeros(3)) == ""


def test_distance_word_is_about_the_farthest_part():
    expectations = [Expectation(0, Close(0.0), 1.0), Expectation(1, Close(0.0), 1.0)]
    random = StudentRandom(b"a course secret", "ada")
    for answer in ((1.01, 9.0), (9.0, 1.01)):
        assert distance_word("a check", random, expectations, Answer(answer, ({}, {}), {})) == FAR


@pytest.mark.parametrize(
    ("body", "ending"),
    [
        ("scale * (input + zero_point) * 1.02", ": they are near."),
        ("scale * (input + zero_point) * 1.2", ": they are off."),
        ("scale * (input + zero_point) * -1", ": they are far off."),
        ("scale * (input + zero_point) * float('nan')", ": they are far off."),
        ("scale * (input - zero_point)", "."),  # a known mistake, which has its own name
    ],
)
def test_hidden_check_says_how_far_wrong_numbers_are(
    marked, course, executor, reference_source, body, ending
):
    source = f"{reference_source}\n\ndef linear_dequantize(input, scale, zero_point):\n"
    selected = replace(course, selected=CHECK)
    report = grade_submission(Submission("ada", f"{source}    return {body}\n"), selected, executor)
    assert by_id(report)[CHECK].message == SENTENCE + ending
    assert by_id(report)[CHECK].evidence == {}


@pytest.mark.parametrize(
    ("factor", "expected"), [(1.0, ""), (1.003, ""), (1.25, OFF), (4.0, FAR), (-1.0, "")]
)
def test_distance_word_of_a_searched_scale_is_about_its_error(factor, expected):
    values = np.random.default_rng(1).standard_normal(2000).astype(np.float32)
    scale, error = best_scale(values.tobytes(), 4)
    rule = NearLeastError(4, 0.01)
    assert word((scale * factor, 0), BestScale(values, scale, error), rule=rule) == expected


def test_visible_check_says_no_word(marked, reference_source):
    source = f"{reference_source}\n\ndef linear_dequantize(input, scale, zero_point):\n"
    report = marked(Submission("ada", f"{source}    return input * 0.7\n"))
    assert "they are" not in by_id(report)["1a.linear_dequantize.values"].message


def bisect(student, hidden, inside, outside):
    """Return where the word stops to be "near" between two guesses, and the number of guesses."""
    guesses = 0
    while abs(inside - outside) > 1e-9 * hidden:
        middle = (inside + outside) / 2
        if word(middle, hidden, student) == NEAR:
            inside = middle
        else:
            outside = middle
        guesses += 1
    return inside, guesses


def learned(student):
    """Return the error of an attacker who knows the hidden number to 1 % and has the words."""
    random = np.random.default_rng(int(student.split()[1]))
    hidden = float(random.uniform(0.05, 2.0))
    start = hidden * float(random.uniform(0.99, 1.01))
    below, first = bisect(student, hidden, start, start * 0.8)
    above, second = bisect(student, hidden, start, start * 1.2)
    return abs((below + above) / 2 / hidden - 1), first + second


def test_words_do_not_let_bisection_find_a_hidden_number():
    errors, guesses = zip(*(learned(f"student {n}") for n in range(60)), strict=True)
    assert min(guesses) > 40
    assert sum(error <= TOLERANCE for error in errors) <= 6  # as often as luck would have it
    assert np.median(errors) > 10 * TOLERANCE


def test_without_blur_bisection_would_find_a_hidden_number(monkeypatch):
    monkeypatch.setattr(distances, "BLUR", 1.0)
    assert max(learned(f"student {n}")[0] for n in range(10)) <= TOLERANCE
