"""Answers on saved models, tables and bit widths are right."""

import math
import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch

from autograder.engine.secret import StudentRandom
from autograder.paths import reference_models
from autograder.viva.from_files import model_questions, table_questions, width_questions
from autograder.viva.numbers import show_number
from autograder.viva.question import Question
from quantlab.formats.answers import Answers
from quantlab.intake.submission import MODELS
from tests.viva.conftest import InProcess

FILES = {name: (reference_models("cifar10") / name).read_bytes() for name in MODELS}
EMPTY = Answers("ada", "CIFAR-10")
NO_NUMBERS = "the tables of answers.json have no numbers to ask about"


def _rng(student: str) -> np.random.Generator:
    return StudentRandom(b"secret", student).generator("viva")


def _first(questions: list[Question] | str) -> Question:
    assert not isinstance(questions, str), questions
    return questions[0]


def _numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", text)]


@pytest.mark.parametrize("name", MODELS)
def test_model_question_answers_from_the_file(name: str, executor: InProcess) -> None:
    question = _first(model_questions(executor, {name: FILES[name]}, _rng(name)))
    shown = dict(question.shown)
    bits, act_bits = map(int, re.findall(r"[WA](\d)", name))
    values: Mapping[str, torch.Tensor] = torch.load(
        reference_models("cifar10") / name, weights_only=True
    )
    layer = shown["Layer"].split(",")[0]
    codes = values[f"{layer}.weight_int"].long()
    assert shown["Layer"].endswith(" × ".join(map(str, codes.shape)))
    assert _numbers(shown["Codes"]) == [int(codes.min()), int(codes.max())]
    weight_scale, input_scale = _numbers(shown["Scales"])
    assert weight_scale == pytest.approx(float(values[f"{layer}.weight_scale"]), rel=5e-3)
    assert input_scale == pytest.approx(float(values[f"{layer}.input_scale"]), rel=5e-3)
    levels, ranges, largest = (part.answer for part in question.parts)
    assert f"= {2**bits} levels" in levels
    size = float(re.search(r"([\d.]+) bytes", levels)[1])
    assert size == pytest.approx(codes.numel() * bits / 8, rel=1e-3)
    low, high = _numbers(ranges.split(":")[0])
    assert [low, high] == pytest.approx(
        [int(codes.min()) * weight_scale, int(codes.max()) * weight_scale], rel=1e-3
    )
    product = float(re.search(r"= ([\d.e-]+):", largest)[1])
    assert product == pytest.approx((2**act_bits - 1) * input_scale, rel=1e-3)
    assert not any(part.answer in shown.values() for part in question.parts)


def test_model_questions_say_why_there_are_none(executor: InProcess) -> None:
    name = MODELS[0]
    assert model_questions(executor, {}, _rng("a")) == "no saved model was submitted"
    broken = model_questions(executor, {name: b"broken"}, _rng("a"))
    assert broken == f"{name} could not be opened"
    other = model_questions(executor, {"ResNet20_W2A2.pt": FILES["ResNet20_W8A8.pt"]}, _rng("a"))
    assert other == "ResNet20_W2A2.pt is not a saved model of this kit"


def test_table_questions_answer_from_the_tables() -> None:
    mse = {v: {m: dict(row) for m, row in rows.items()} for v, rows in EMPTY.mse.items()}
    mse["B"]["SAWB"] = {8: 0.0005, 4: 0.12, 2: None}
    table1 = {t: {c: dict(row) for c, row in cells.items()} for t, cells in EMPTY.table1.items()}
    table1["ptq"]["W2A8"]["sym"], table1["qat"]["W2A8"]["sym"] = 12.34, 88.5
    questions = table_questions(replace(EMPTY, mse=mse, table1=table1), _rng("ada"))
    assert not isinstance(questions, str)
    errors, training = questions
    assert "vector B" in errors.prompt
    assert '"SAWB"' in errors.prompt
    assert dict(errors.shown) == {"8 bits": "0.0005", "4 bits": "0.12"}
    assert errors.parts[0].answer == "0.12 / 0.0005 = 240"
    assert dict(training.shown) == {"After calibration": "12.34 %", "After training": "88.5 %"}
    assert training.parts[0].answer == "76.16 points more: 7616 images."
    assert training.parts[1].answer == "The first: 2 bits, 2^2 = 4 codes."


def test_table_questions_say_why_there_are_none() -> None:
    assert table_questions(None, _rng("ada")) == "no answers.json was submitted"
    assert table_questions(EMPTY, _rng("ada")) == NO_NUMBERS


def test_width_question_answers_sizes() -> None:
    widths = {"layer1.0.conv1": 4, "layer3.2.conv2": 3, "unknown": 5}
    question = _first(width_questions(replace(EMPTY, bit_widths=widths), _rng("ada")))
    assert dict(question.shown) == {
        "layer1.0.conv1": "2304 weights, 4 bits",
        "layer3.2.conv2": "36864 weights, 3 bits",
    }
    assert question.parts[0].answer == "1152 and 13824"
    average = float(question.parts[1].answer.rsplit("= ", 1)[1])
    assert math.isclose(average, (2304 * 4 + 36864 * 3) / (2304 + 36864), rel_tol=1e-3)
    assert width_questions(EMPTY, _rng("ada")) == "answers.json has no bit widths"
    assert width_questions(None, _rng("ada")) == "no answers.json was submitted"


@pytest.mark.parametrize(
    ("errors", "accuracies"),
    [
        ((1.797e308, 1.0), (1e307, 10.0)),
        ((5e-324, 1e300), (10.0, 1e307)),
        ((1e-13, 1.0), (-1.0, 10.0)),
        ((1.0, 0.0), (10.0, 100.5)),
    ],
)
def test_table_questions_ignore_numbers_out_of_range(
    errors: tuple[float, float], accuracies: tuple[float, float]
) -> None:
    mse = {v: {m: dict(row) for m, row in rows.items()} for v, rows in EMPTY.mse.items()}
    mse["B"]["SAWB"] = {8: errors[0], 4: errors[1], 2: None}
    table1 = {t: {c: dict(row) for c, row in cells.items()} for t, cells in EMPTY.table1.items()}
    table1["ptq"]["W2A8"]["sym"], table1["qat"]["W2A8"]["sym"] = accuracies
    assert table_questions(replace(EMPTY, mse=mse, table1=table1), _rng("ada")) == NO_NUMBERS


def test_show_number_writes_numbers_that_are_not_finite() -> None:
    assert [show_number(number) for number in (math.inf, -math.inf, math.nan)] == [
        "inf",
        "-inf",
        "nan",
    ]
