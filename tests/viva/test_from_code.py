"""Answers on code are right: compared with computations of their own, for every correct case."""

import ast
import re
from typing import Any

import numpy as np
import pytest
import torch

from autograder.checks.random_inputs import grid_range
from autograder.engine.corpus import Alternative, load_alternatives, load_mutants
from autograder.engine.oracle import Oracle
from autograder.engine.secret import StudentRandom
from autograder.viva.from_code import (
    codes_questions,
    edit_questions,
    run_code,
    wrong_questions,
)
from autograder.viva.probes import PREFIXES, differ, draw_probes
from autograder.viva.question import Question
from quantlab.protocol.execute import load_module
from tests.viva.conftest import InProcess

ALTERNATIVES = load_alternatives()
SECRET = b"a secret that only tests know"


def _rng(student: str, purpose: str = "viva") -> np.random.Generator:
    return StudentRandom(SECRET, student).generator(purpose)


def _value(text: str) -> np.ndarray:
    return np.array(ast.literal_eval(text), np.float64)


def _shown(question: Question) -> dict[str, str]:
    return dict(question.shown)


def _one(questions: list[Question] | str) -> Question:
    assert not isinstance(questions, str), questions
    return questions[0]


@pytest.mark.parametrize("student", ["ada", "bob", "eve", "kim"])
def test_probes_give_what_the_equations_say(student: str, oracle: Oracle) -> None:
    """Each equation, written out in numpy, gives what the reference returns."""
    for probe in draw_probes(_rng(student)):
        expected = run_code(InProcess(), oracle, oracle.source, _rng(student), {})
        by_text = dict(zip((p.text for p in expected.probes), expected.expected, strict=True))
        got, arguments = by_text[probe.text], probe.call.args
        x = probe.inputs["x"].astype(np.float64)
        match probe.function:
            case "linear_quantize":
                _, scale, zero, bits = arguments
                low, high = grid_range(bits, probe.call.kwargs["signed"])
                right = np.clip(np.rint(x / scale) - zero, low, high)
            case "linear_dequantize":
                right = arguments[1] * (x + arguments[2])
            case "get_scale":
                alpha = 4.765 * np.sqrt(np.mean(x**2)) - 3.342 * np.mean(np.abs(x))
                right = (alpha if alpha > 0 else np.abs(x).max()) / 2
            case "reset_scale_and_zero_point":
                _, bits, method = arguments
                levels = 2 ** (bits - 1) if method == "sym" else 2**bits - 1
                right = np.array([np.abs(x).max() / levels, 0])
            case "linear_quantize_STE":
                right = probe.call.cotangent.astype(np.float64) / arguments[1]
            case "integer_linear":
                right = x @ probe.inputs["weight"].T
            case "quantized_linear_function":
                scale = arguments[3] * arguments[4]
                right = scale * (x @ probe.inputs["weight"].T + probe.inputs["bias"])
            case function:
                right = _slide(x[0, 0], probe.inputs["weight"][0, 0])[None, None]
                if function == "quantized_conv2d_function":
                    right = arguments[3] * arguments[4] * (right + probe.inputs["bias"])
        np.testing.assert_allclose(got, right, rtol=1e-5, atol=1e-6, err_msg=probe.text)


def _slide(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape)
    return np.einsum("ijkl,kl->ij", windows, weight)


def test_probes_are_about_the_prefixes() -> None:
    assert {probe.checks for probe in draw_probes(_rng("ada"))} == set(PREFIXES)


@pytest.mark.parametrize("case", ALTERNATIVES, ids=lambda case: case.name)
def test_codes_question_answers_by_equation_1(
    case: Alternative, executor: InProcess, oracle: Oracle
) -> None:
    source = case.source(oracle.source)
    run = run_code(executor, oracle, source, _rng(case.name), {})
    questions = codes_questions(executor, run, _rng(case.name, "codes"))
    for question in questions if isinstance(questions, list) else []:
        shown = _shown(question)
        x, scale = _value(shown.get("Quantize", shown["x"])), float(shown["Your scale"])
        bits = int(re.search(r"(\d) bits", question.parts[0].ask)[1])
        low, high = grid_range(bits, True)
        codes = [min(max(round(number / scale), low), high) for number in x]
        assert _value(question.parts[0].answer).tolist() == codes
        clipped = [float(n) for n in x if not low <= round(n / scale) <= high]
        answer = question.parts[1].answer
        assert ([] if answer == "none of them" else ast.literal_eval(answer)) == clipped
        if '"sym"' in question.prompt:
            assert scale == pytest.approx(np.abs(_value(shown["x"])).max() / 2 ** (bits - 1), 1e-2)
    assert isinstance(questions, list)


@pytest.mark.parametrize("case", ALTERNATIVES, ids=lambda case: case.name)
def test_edit_question_answers_what_the_edited_file_returns(
    case: Alternative, executor: InProcess, oracle: Oracle
) -> None:
    source = case.source(oracle.source)
    run = run_code(executor, oracle, source, _rng(case.name), {})
    question = _one(edit_questions(executor, run, _rng(case.name, "edit"), frozenset()))
    shown = _shown(question)
    number = int(re.match(r"Line (\d+) of", question.prompt)[1])
    lines = source.split("\n")
    assert lines[number - 1].strip() == shown["Your line"] != shown["Edited"]
    before = _evaluate(source, shown["Call"])
    lines[number - 1] = lines[number - 1].replace(shown["Your line"], shown["Edited"])
    after = _evaluate("\n".join(lines), shown["Call"])
    np.testing.assert_allclose(_value(shown["Your result"]), before, rtol=1e-3)
    np.testing.assert_allclose(_value(question.parts[0].answer), after, rtol=1e-3)
    assert shown["Your result"] != question.parts[0].answer


def _evaluate(source: str, text: str) -> np.ndarray:
    """Evaluate a printed call by itself, with lists as tensors."""
    module = load_module(source, "evaluated")
    call, _, upstream = text.partition(", whose codes receive the gradient ")
    node = ast.parse(call, mode="eval").body
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Name)
    integers = node.func.id.startswith(("integer", "quantized"))
    dtype = torch.int32 if integers else torch.float32
    arguments = [ast.literal_eval(argument) for argument in node.args]
    tensors = [torch.tensor(a, dtype=dtype) if isinstance(a, list) else a for a in arguments]
    named = {keyword.arg: ast.literal_eval(keyword.value) for keyword in node.keywords}
    if upstream:
        tensors[0].requires_grad_(True)
        codes = module.linear_quantize_STE(*tensors)
        codes.backward(torch.tensor(_value(upstream.partition(" in the")[0]).tolist()))
        return tensors[0].grad.double().numpy()
    result = getattr(module, node.func.id)(*_in_its_form(node.func.id, tensors), **named)
    if isinstance(result, tuple):
        return np.array([float(part) for part in result])
    return np.asarray(result, np.float64)


def _in_its_form(name: str, arguments: list[Any]) -> list[Any]:
    """Return scales as tensors, the form that every correct case supports."""
    if name in ("get_scale", "reset_scale_and_zero_point"):
        return arguments
    return [torch.tensor(a) if isinstance(a, float) else a for a in arguments]


MUTANTS = [
    mutant
    for mutant in load_mutants()
    if mutant.folder in ("linear_quantize", "linear_dequantize", "integer_linear")
]


def test_wrong_question_shows_most_mistakes_and_the_right_answer(
    executor: InProcess, oracle: Oracle
) -> None:
    silent = []
    for mutant in MUTANTS:
        lost = dict.fromkeys(mutant.caught_by, mutant.sentence)
        run = run_code(executor, oracle, mutant.source(oracle.source), _rng(mutant.name), lost)
        questions = wrong_questions(run, _rng(mutant.name, "wrong"))
        if isinstance(questions, str):
            silent.append(mutant.name)
            continue
        shown, (right, why) = _shown(questions[0]), questions[0].parts
        probe = next(probe for probe in run.probes if probe.text == shown["Call"])
        assert differ(_value(shown["Your result"]), _value(right.answer)), mutant.name
        np.testing.assert_allclose(
            _value(right.answer), _evaluate(oracle.source, probe.text), rtol=1e-3
        )
        assert why.answer == mutant.sentence
        assert right.answer not in " ".join([questions[0].prompt, *shown.values()])
    assert len(silent) < len(MUTANTS) / 3, silent


def test_wrong_question_needs_a_check_that_lost_points(executor: InProcess, oracle: Oracle) -> None:
    run = run_code(executor, oracle, oracle.source, _rng("ada"), {})
    assert wrong_questions(run, _rng("ada")) == "no check of a function lost points"
    lost = {"1a.linear_quantize.signed": ""}
    run = run_code(executor, oracle, oracle.source, _rng("ada"), lost)
    assert wrong_questions(run, _rng("ada")) == (
        "the mistakes in solution.py do not show in short calls"
    )


def test_wrong_question_accepts_published_constants(executor: InProcess, oracle: Oracle) -> None:
    source = next(case.code for case in ALTERNATIVES if case.name == "whole_handout_family")
    run = run_code(executor, oracle, source, _rng("ada"), {"1a.get_scale.mean_not_zero": ""})
    assert isinstance(wrong_questions(run, _rng("ada")), str)


def test_codes_question_shows_staff_what_equation_1_gives(
    executor: InProcess, oracle: Oracle
) -> None:
    floor = next(mutant for mutant in load_mutants() if mutant.name == "linear_quantize/floor")
    answers = []
    for student in ("ada", "bob", "eve", "kim", "lee"):
        run = run_code(executor, oracle, floor.source(oracle.source), _rng(student), {})
        question = _one(codes_questions(executor, run, _rng(student, "codes")))
        answers.append(question.parts[0].answer.removesuffix(".").split(". By equation (1): "))
    wrong = [answer for answer in answers if len(answer) == 2]
    assert wrong
    assert all((_value(theirs) <= _value(right)).all() for theirs, right in wrong)


def test_edit_question_never_asks_about_an_edit_without_effect(
    executor: InProcess, oracle: Oracle
) -> None:
    unused = "def unused(x, scale):\n    return (x / scale).round().abs().sum(dim=0)\n"
    run = run_code(executor, oracle, unused, _rng("ada"), {})
    reason = edit_questions(executor, run, _rng("ada"), frozenset())
    assert reason == "no function of solution.py returns numbers for short calls"
    lines = frozenset(line.strip() for line in oracle.source.splitlines())
    run = run_code(executor, oracle, f"{oracle.source}\n\n{unused}", _rng("ada"), {})
    reason = edit_questions(executor, run, _rng("ada"), lines)  # nothing else may be edited
    assert reason == "none of the edits that were tried changes the result of a short call"
