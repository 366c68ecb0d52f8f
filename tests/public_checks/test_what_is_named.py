"""What `check` names: the call that fails, the function at fault, what no public check tries."""

import pytest
import torch

from autograder.paths import REFERENCE
from quantlab.checking.called_results import is_right
from quantlab.checking.explain import explain_checks
from quantlab.checking.report import MORE, NOT_CHECKED, report_lines
from quantlab.protocol.execute import load_module
from quantlab.protocol.public_checks import load, questions
from quantlab.protocol.run_public_checks import RIGHT, run_check

CORRECT = REFERENCE.read_text(encoding="utf-8")
QUANTIZER = """
def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
    return torch.clamp(torch.round(input / scale) {sign} zero_point, low, high){end}
"""
INTEGERS = QUANTIZER.format(sign="-", end=".to(torch.int32)")
OTHER_SIGN = QUANTIZER.format(sign="+", end="")
ROUNDS_DOWN = OTHER_SIGN.replace("round", "floor").replace("+", "-")
SEARCH_TO_MAXIMUM = """
other_methods = reset_scale_and_zero_point
def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    if method != "heuristic":
        return other_methods(input, N_bits, method)
    def error(s):
        return float((dequantized(input, s, N_bits) - input).square().mean())
    top = input.abs().max() / 2 ** (N_bits - 1)
    return min((top * k / 40 for k in range(4, 41)), key=error), 0
def dequantized(input, s, N_bits):
    return linear_dequantize(linear_quantize(input, s, 0, N_bits), s, 0)
"""
CONVOLVES_INTEGERS = """
def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    return F.conv2d(input, weight, None, stride, padding, dilation, groups)
"""
CHANGES_CODES = """
def linear_dequantize(input, scale, zero_point):
    return input.add_(zero_point).mul_(scale)
"""
WARNING = "linear_quantize returns int32, expected float32 (the dtype of the input): gradients"
# By question: code that breaks what the docstrings require, and that all public checks accept.
UNSEEN = {
    "alpha <= 0, ValueError": (
        "1a",
        """
def get_scale(input, N_bits=8):
    c1, c2 = SAWB_COEFFICIENTS[N_bits]
    alpha = c1 * input.square().mean().sqrt() - c2 * input.abs().mean()
    return alpha / 2 ** (N_bits - 1)
""",
    ),
    "zeros, ValueError, dtype": (
        "1a",
        """
right = reset_scale_and_zero_point
def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    if method == "sym":
        return input.abs().max().double() / 2 ** (N_bits - 1), 0
    if method in ("unsigned", "asym", "heuristic", "SAWB"):
        return right(input, N_bits, method)
""",
    ),
    "float64": (
        "2a",
        """
class _quantize_func_STE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, scale, zero_point, N_bits, signed=True):
        ctx.scale = scale
        return linear_quantize(input, scale, zero_point, N_bits, signed).float()
    @staticmethod
    def backward(ctx, grad_output):
        return grad_output.float() / ctx.scale, None, None, None, None
linear_quantize_STE = _quantize_func_STE.apply
""",
    ),
    "OverflowError, TypeError": (
        "2b",
        """
def integer_linear(input, weight):
    return input @ weight.T
""",
    ),
    "random": (
        "3",
        """
right = variable_precision_search
def variable_precision_search(layer_sizes, evaluate, candidate_bits=(2, 8), accuracy_floor=85.0):
    import random
    names = sorted(layer_sizes, key=lambda name: random.random())
    sizes = {name: layer_sizes[name] for name in names}
    return right(sizes, evaluate, candidate_bits, accuracy_floor)
""",
    ),
}


def outcomes(code, question):
    module = load_module(f"{CORRECT}\n\n{code}")
    explained = explain_checks([run_check(check, module) for check in load(question)], module)
    return {outcome.check.id: outcome for outcome in explained}


def test_explain_warns_once_of_codes_that_no_gradient_passes():
    explained = outcomes(INTEGERS, "1a")
    assert {outcome.outcome for outcome in explained.values()} == {RIGHT}
    lines = [line for outcome in explained.values() for line in outcome.lines]
    assert lines == [f"{WARNING} cannot pass in question 2a."]


def test_explain_names_the_dtype_where_the_quantizer_passes_its_own_checks():
    lines = outcomes(INTEGERS, "2a")["2a.STE.gradient"].lines
    assert lines[1:] == (f"{WARNING} cannot pass.",)


def test_explain_names_the_dtype_of_an_estimator_of_its_own():
    code = INTEGERS.replace("def linear_quantize", "def linear_quantize_STE")
    lines = outcomes(code, "2a")["2a.STE.gradient"].lines
    assert lines[-1].startswith("Hint: linear_quantize_STE returns int32, expected float32")


@pytest.mark.parametrize("quantizer", [OTHER_SIGN, CHANGES_CODES])
def test_explain_diagnoses_a_search_whose_called_functions_are_right_here(quantizer):
    lines = outcomes(quantizer + SEARCH_TO_MAXIMUM, "1a")["1a.reset.heuristic_above_maximum"].lines
    assert "range of your scale ends at max |x|" in lines[-1] or "fix that first" in lines[-1]
    assert ("fix that first" in lines[-1]) == (quantizer == CHANGES_CODES)


def test_explain_blames_a_quantizer_that_is_wrong_in_the_search():
    lines = outcomes(ROUNDS_DOWN + SEARCH_TO_MAXIMUM, "1a")["1a.reset.heuristic"].lines
    assert lines[-1] == "Calls linear_quantize, which fails its own checks: fix that first."


def test_explain_shows_the_call_that_raises_and_what_to_do_about_its_type():
    lines = outcomes(CONVOLVES_INTEGERS, "2b")["2b.integer_conv2d.geometry"].lines
    assert "not implemented for 'Int'" in lines[0]
    assert lines[1] == (
        "It is the call with stride (1, 2), padding (2, 0), dilation (2, 1), groups 1. With stride "
        "2, padding 1, dilation 1, groups 1 it works."
    )
    assert "Convert both to a type that it can convolve" in lines[2]


def test_explain_names_a_changed_argument_as_the_signature_does():
    (line, _) = outcomes(CHANGES_CODES, "1a")["1a.linear_dequantize.values"].lines
    assert line.startswith("The argument input was changed in place")


@pytest.mark.parametrize(("question", "code"), UNSEEN.values(), ids=UNSEEN)
def test_report_lists_only_what_no_public_check_tries(question, code):
    lines = report_lines(question, tuple(outcomes(code, question).values()))
    assert lines[-2:] == [f"Not checked here: {NOT_CHECKED[question]}.", MORE]


def test_report_of_a_failing_question_ends_with_its_checks():
    lines = report_lines("1a", tuple(outcomes(OTHER_SIGN, "1a").values()))
    assert not any("Not checked here" in line for line in lines)
    assert set(NOT_CHECKED) == set(questions())


@pytest.mark.parametrize(
    ("codes", "right"),
    [([-2, -1, 1, 1], True), ([-2, -1, 0, 1], False), ([-3, -1, 1, 1], False), ([-2, -1], False)],
)
def test_is_right_accepts_the_nearest_codes_only(codes, right):
    x = torch.tensor([-1.2, -0.6, 0.3, 0.9])
    arguments = (x, torch.tensor(0.5), 0, 2, True)
    assert is_right("linear_quantize", arguments, torch.tensor(codes)) is right
    assert is_right("linear_quantize", arguments[:4], torch.tensor(codes)) is None
    assert is_right("get_scale", (x, 2), torch.tensor(0.5)) is None


def test_is_right_compares_recovered_numbers():
    arguments = (torch.tensor([-2.0, 1.0]), 0.5, 1)
    assert is_right("linear_dequantize", arguments, torch.tensor([-0.5, 1.0]))
    assert is_right("linear_dequantize", arguments, torch.tensor([-1.0, 0.5])) is False
    assert is_right("linear_dequantize", arguments, "text") is None
