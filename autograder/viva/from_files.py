"""Questions on a student's saved model, tables and bit widths, with computed answers."""

import math
from collections.abc import Mapping
from itertools import combinations

from numpy.random import Generator

from autograder.engine.executor import Executor
from autograder.viva.numbers import show_number
from autograder.viva.question import Kind, Part, Question
from quantlab.errors import BadSavedModel
from quantlab.formats.answers import MSE_METHODS, VECTORS, Answers
from quantlab.formats.saved_model import LAYERS, SHAPES, WEIGHT, SavedModel, parse, parse_name
from quantlab.paths import CELLS
from quantlab.protocol.calls import Failure

ERRORS = (1e-12, 1e12)  # mean squared errors; no question is asked about others
ACCURACIES = (0.0, 100.0)  # percent
ORIGIN = "Computed from {}, which the student submitted."


def model_questions(
    executor: Executor, models: Mapping[str, bytes], rng: Generator
) -> list[Question] | str:
    """Return one question on a saved model, or why there is none."""
    if not models:
        return "no saved model was submitted"
    name = str(rng.choice(sorted(models)))
    values = executor.read_checkpoint(models[name])
    if isinstance(values, Failure):
        return f"{name} could not be opened"
    try:
        saved = parse(values, *parse_name(name))
    except BadSavedModel:
        return f"{name} is not a saved model of this kit"
    return [model_question(name, saved, str(rng.choice(LAYERS)))]


def model_question(name: str, saved: SavedModel, layer: str) -> Question:
    """Return the question on one layer of a saved model."""
    stored = saved.layers[layer]
    bits, act_bits = saved.weight_bits, saved.act_bits
    shape = tuple(stored.weight_int.shape)
    count = stored.weight_int.numel()
    low, high = int(stored.weight_int.min()), int(stored.weight_int.max())
    scale, input_scale = float(f"{stored.weight_scale:.3g}"), float(f"{stored.input_scale:.3g}")
    largest = 2**act_bits - 1
    return Question(
        Kind.MODEL,
        f"Your {name} has this layer.",
        (
            ("Layer", f"{layer}, weights {' × '.join(map(str, shape))}"),
            ("Codes", f"from {low} to {high}"),
            ("Scales", f"weights {show_number(scale)}, inputs {show_number(input_scale)}"),
        ),
        (
            Part(
                "How many levels can a weight have, and how many bytes do the codes need?",
                f"2^{bits} = {2**bits} levels. {count} × {bits} / 8 = "
                f"{show_number(count * bits / 8)} bytes.",
            ),
            Part(
                "Which real weights are the smallest and the largest of this layer?",
                f"{show_number(low * scale)} and {show_number(high * scale)}: code times scale.",
            ),
            Part(
                "Which is the largest input that the layer can represent?",
                f"{largest} × {show_number(input_scale)} = {show_number(largest * input_scale)}: "
                f"inputs have {act_bits} unsigned bits.",
            ),
        ),
        ORIGIN.format(name) + " The scales are rounded to three digits.",
    )


def table_questions(answers: Answers | None, rng: Generator) -> list[Question] | str:
    """Return up to two questions on the tables of answers.json, or why there are none."""
    if answers is None:
        return "no answers.json was submitted"
    rows = [
        (vector, method)
        for vector in VECTORS
        for method in MSE_METHODS
        if all(_is_within(answers.mse[vector][method][bits], ERRORS) for bits in (8, 4))
    ]
    cells = [
        (cell, method)
        for cell in CELLS
        for method, after in answers.table1["qat"][cell].items()
        if _is_within(after, ACCURACIES)
        and _is_within(answers.table1["ptq"][cell][method], ACCURACIES)
    ]
    questions = []
    if rows:
        questions.append(_error_question(answers, *rows[int(rng.integers(len(rows)))]))
    if cells:
        questions.append(_training_question(answers, *cells[int(rng.integers(len(cells)))]))
    return questions or "the tables of answers.json have no numbers to ask about"


def _is_within(number: float | None, limits: tuple[float, float]) -> bool:
    return number is not None and limits[0] <= number <= limits[1]


def _error_question(answers: Answers, vector: str, method: str) -> Question:
    row = answers.mse[vector][method]
    at_8, at_4 = (float(f"{row[bits]:.3g}") for bits in (8, 4))
    return Question(
        Kind.TABLE,
        f'Your table of question 1b has these mean squared errors for vector {vector}, "{method}".',
        (("8 bits", show_number(at_8)), ("4 bits", show_number(at_4))),
        (
            Part(
                "By which factor is your error at 4 bits larger?",
                f"{show_number(at_4)} / {show_number(at_8)} = {show_number(at_4 / at_8)}",
            ),
            Part(
                "Which factor does the theory of rounding predict if the range stays the same?",
                "The step is 2^4 = 16 times as wide and the error is s²/12, so 16² = 256. Clipping "
                "and a range that depends on the width explain the rest.",
            ),
        ),
        ORIGIN.format("answers.json"),
    )


def _training_question(answers: Answers, cell: str, method: str) -> Question:
    before, after = answers.table1["ptq"][cell][method], answers.table1["qat"][cell][method]
    assert before is not None
    assert after is not None
    change = round(after, 2) - round(before, 2)
    word = "more" if change >= 0 else "less"
    return Question(
        Kind.TABLE,
        f'Your Table 1 has these accuracies for {cell}, "{method}".',
        (
            ("After calibration", f"{show_number(round(before, 2))} %"),
            ("After training", f"{show_number(round(after, 2))} %"),
        ),
        (
            Part(
                "By how many points do they differ, and how many of 10,000 images is that?",
                f"{show_number(round(abs(change), 2))} points {word}: "
                f"{show_number(round(abs(change) * 100))} images.",
            ),
            Part(
                f"Which of the two numbers in {cell} is that of the weights, and how many codes do "
                "they have?",
                _weight_bits(cell),
            ),
        ),
        ORIGIN.format("answers.json"),
    )


def _weight_bits(cell: str) -> str:
    bits, _ = parse_name(f"ResNet20_{cell}.pt")
    return f"The first: {bits} bits, 2^{bits} = {2**bits} codes."


def width_questions(answers: Answers | None, rng: Generator) -> list[Question] | str:
    """Return one question on the bit widths of question 3, or why there is none."""
    if answers is None:
        return "no answers.json was submitted"
    widths = answers.bit_widths
    layers = [layer for layer in LAYERS if 1 <= widths.get(layer, 0) <= 16]
    pairs = [pair for pair in combinations(layers, 2) if widths[pair[0]] != widths[pair[1]]]
    pairs = pairs or list(combinations(layers, 2))
    if not pairs:
        return "answers.json has no bit widths"
    pair = pairs[int(rng.integers(len(pairs)))]
    counts = [math.prod(SHAPES[f"{layer}.{WEIGHT}"]) for layer in pair]
    sizes = [count * widths[layer] / 8 for count, layer in zip(counts, pair, strict=True)]
    average = sum(sizes) * 8 / sum(counts)
    return [
        Question(
            Kind.WIDTHS,
            "Your bit widths of question 3 contain these layers.",
            tuple(
                (layer, f"{count} weights, {widths[layer]} bits")
                for layer, count in zip(pair, counts, strict=True)
            ),
            (
                Part(
                    "How many bytes does each of them need?",
                    " and ".join(map(show_number, sizes)),
                ),
                Part(
                    "How many bits does a weight of the two layers have on average?",
                    f"{show_number(sum(sizes) * 8)} / {sum(counts)} = {show_number(average)}",
                ),
            ),
            ORIGIN.format("answers.json"),
        )
    ]
