"""A wrong answer that is exactly a known mistake's is named; everything else stays silent."""

import json

import numpy as np
import pytest

from authoring.examples import HALF_RIGHT
from autograder.engine.corpus import Mutant
from autograder.engine.misconceptions import Misconceptions, only_mistake
from quantlab.data.student_vectors import student_vectors
from quantlab.formats.answers import to_text
from quantlab.formats.parse_answers import parse
from quantlab.intake.submission import Submission
from quantlab.protocol.calls import Answer, Call, Input, Program
from quantlab.protocol.comparison import is_same

QUANTIZE = """

def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
    {}
"""


def named(report):
    return {c.id: c.misconception.name for c in report.checks if c.misconception}


# Written apart from the mutants, as other students would write the same mistake.
@pytest.mark.parametrize(
    ("body", "mistake"),
    [
        ("return ((input / scale).to(torch.int64) - zero_point).clamp(low, high)", "truncates"),
        ("return torch.clip(torch.floor_divide(input, scale) - zero_point, low, high)", "floor"),
        ("return (input / scale).round().clamp(low, high) - zero_point", "clips_before"),
        ("return ((input / scale).round() + zero_point).clamp(low, high)", "zero_point_added"),
    ],
)
def test_misconceptions_name_the_same_mistake_in_other_words(
    marked, reference_source, body, mistake
):
    named_mistakes = named(marked(Submission("ada", reference_source + QUANTIZE.format(body))))
    assert named_mistakes
    assert all(name.startswith(f"linear_quantize/{mistake}") for name in named_mistakes.values()), (
        named_mistakes
    )


def test_misconceptions_name_the_mistakes_of_the_examples(marked, reference_source):
    examples = {example.name: example for example in HALF_RIGHT}
    for name, mistake in (
        ("standard-deviation", "get_scale/std_instead_of_rms"),
        ("clipped-gradient-not-rescaled", "STE/unscaled_gradient"),
    ):
        report = marked(Submission("ada", reference_source + examples[name].patch))
        assert set(named(report).values()) == {mistake}


def test_hidden_check_names_only_the_misconception(marked, reference_source):
    patch = QUANTIZE.format("return ((input / scale).round() + zero_point).clamp(low, high)")
    report = marked(Submission("ada", reference_source + patch))
    check = next(c for c in report.checks if c.id == "1a.linear_quantize.zero_point")
    assert not check.visible
    assert check.misconception.sentence
    assert check.message == "linear_quantize does not return the right values."
    assert not {"call", "inputs", "expected", "got"} & set(check.evidence)


@pytest.mark.parametrize(
    "body",
    [
        "return torch.trunc(input / scale + 0.3).clamp(low, high)",  # nearly truncation
        "return torch.zeros_like(input)",
        "return input",
    ],
)
def test_misconceptions_ignore_answers_near_a_mistake(marked, reference_source, body):
    report = marked(Submission("ada", reference_source + QUANTIZE.format(body)))
    assert "truncates" not in " ".join(named(report).values())


def test_misconceptions_ignore_right_answers(marked, reference_source):
    assert named(marked(Submission("ada", reference_source))) == {}


def test_misconceptions_ignore_indistinguishable_mistakes():
    def mutant(name: str, sentence: str) -> Mutant:
        code = "def f(x):\n    return x + 1\n"
        return Mutant(f"f/{name}", code, "adds one", sentence, caught_by=("1a.f",))

    program = Program((Call("f", (Input("x"),)),), {"x": np.zeros(3, np.float32)})
    answer = Answer((np.ones(3, np.float32),), ({},))

    def name(*mutants: Mutant):
        known = Misconceptions("import torch\n", mutants)
        return only_mistake(known.explain("1a.f", program, answer, lambda theirs: True))

    assert name(mutant("one", "You add 1.")).name == "f/one"
    assert name(mutant("one", "You add 1."), mutant("two", "You add one.")) is None
    assert name(mutant("one", "You add 1."), mutant("two", "You add 1.")) is not None
    assert Misconceptions("", [mutant("one", "S.")]).explain("1b.f", program, answer, bool) == ()


@pytest.mark.parametrize(
    ("answer", "other", "equal"),
    [
        (np.float32([1, 2]), np.float64([1, 2.00001]), True),
        (np.float32([1, 2]), np.float64([1, 2.001]), False),
        (np.int32([2**24 + 1]), np.int64([2**24 + 1]), True),
        (np.int32([2**24 + 1]), np.int32([2**24]), False),
        (np.array(1, np.float32), 1.0, True),
        (np.float32([[1]]), np.float32([1, 1]), False),
        (np.float32([np.nan, 1]), np.float32([np.nan, 1]), True),
        ((1.0, 0), [1.0, 0], True),
        ((1.0, 0), (1.0,), False),
        ({"a": 1}, {"a": 1}, True),
        ({"a": 1}, {"b": 1}, False),
        ("text", "text", True),
        (None, 0, False),
    ],
)
def test_is_same_compares_values_across_types(answer, other, equal):
    assert is_same(answer, other) is equal


@pytest.fixture
def reported(oracle, empty_answers):
    """What a student reports of A by "sym" when every error is changed by `mistake`."""

    def report(mistake):
        record = json.loads(to_text(empty_answers))
        values = student_vectors("ada")["A"]
        for bits in (8, 4, 2):
            scale, zero = oracle.module.reset_scale_and_zero_point(values, bits, "sym")
            codes = oracle.module.linear_quantize(values, scale, zero, bits)
            error = float((values - scale * codes).square().mean())
            record["mse"]["A"]["sym"][str(bits)] = mistake(error)
        return Submission("ada", None, parse(json.dumps(record).encode()))

    return report


def test_misconceptions_name_a_mistake_in_a_table(marked, reported):
    assert named(marked(reported(lambda error: error**0.5))) == {
        "1b.A.sym": "answers/root_of_the_error"
    }
    assert named(marked(reported(lambda error: 100_000 * error))) == {
        "1b.A.sym": "answers/sum_of_squares"
    }
    assert named(marked(reported(lambda error: 3 * error))) == {}
    assert named(marked(reported(lambda error: error))) == {}
