"""What `check` says about one failing check: the worst element, one cause, inherited failures."""

import functools
import itertools

import numpy as np
import pytest

from autograder.paths import REFERENCE
from quantlab.checking.explain import explain_checks
from quantlab.checking.relations import constant_difference, constant_ratio, name_of
from quantlab.checking.report import report_lines
from quantlab.protocol.comparison import is_same
from quantlab.protocol.execute import load_module
from quantlab.protocol.public_checks import load
from quantlab.protocol.run_public_checks import MISSING, RIGHT, WRONG, run_check

CORRECT = REFERENCE.read_text(encoding="utf-8")
CODES = """
def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
    codes = torch.clamp(torch.round(input / scale) - zero_point, low, high)
    return {}
"""
SIGNATURES = {
    "linear_quantize": "input, scale, zero_point, N_bits, signed=True",
    "linear_dequantize": "input, scale, zero_point",
    "get_scale": "input, N_bits=8",
    "reset_scale_and_zero_point": "input, N_bits=4, method='sym'",
    "integer_conv2d": "input, weight, stride=1, padding=0, dilation=1, groups=1",
    "quantized_linear_function": "input, weight, bias, input_scale, weight_scale",
    "variable_precision_search": "sizes, evaluate, candidate_bits, accuracy_floor",
}
ODD_RESULTS = (
    *("None", "0", "float('nan')", "'text'", "()", "(1, 2, 3)", "(None, 0)", "[]", "{1: 2}"),
    *("torch.zeros(0)", "torch.tensor(1 + 2j)", "(torch.tensor([1.0, 2.0]), 0)", "right * 0"),
    *("(torch.tensor(float('inf')), 0)", "(1.0, torch.tensor([0, 0]))", "right.bool()"),
    *("right * float('nan')", "right[0]", "right.to(torch.complex64)", "-right"),
)


load = functools.cache(load)


def outcomes(code, question="1a"):
    module = load_module(f"{CORRECT}\n\n{code}")
    explained = explain_checks([run_check(each, module) for each in load(question)], module)
    return {outcome.check.id: outcome for outcome in explained}


def text_of(code, check):
    return " ".join(outcomes(code, check.split(".")[0])[check].lines)


def test_explain_shows_the_worst_code_in_terms_of_the_equation():
    text = text_of(CODES.format("codes.clamp(max=5)"), "1a.linear_quantize.signed")
    assert "codes from -8 to 7: expected 7, got 5" in text
    assert "x / s = " in text


@pytest.mark.parametrize(
    ("result", "check", "words"),
    [
        ("codes * 0.9999999 ", "1a.linear_quantize.signed", "leaves a residue"),
        ("codes.to(torch.int8)", "1a.linear_quantize.every_width", "int8 ends at 127"),
        ("torch.clamp(-codes, low, high)", "1a.linear_quantize.signed", "The sign is swapped"),
        ("codes.clamp(max=high - 2)", "1a.linear_quantize.signed", "U is 5, not 7"),
        (
            "torch.clamp(torch.round(input / scale) + zero_point, low, high)",
            "1a.linear_quantize.zero_point",
            "only equation (3) adds it back",
        ),
    ],
)
def test_explain_names_a_wrong_code_for_what_it_is(result, check, words):
    assert words in text_of(CODES.format(result), check)


def test_explain_blames_only_the_called_function():
    code = """
def get_scale(input, N_bits=8):
    c1, c2 = SAWB_COEFFICIENTS[N_bits]
    return c1 * input.square().mean().sqrt() - c2 * input.abs().mean()
"""
    explained = outcomes(code)
    assert "You return alpha" in explained["1a.get_scale.handed_out_widths"].lines[-1]
    inherited = explained["1a.reset.SAWB"]
    assert inherited.lines[-1] == "Fails only because get_scale does: fix that first."
    assert not any("Hint" in line for line in inherited.lines)


def test_explain_finds_a_mistake_of_its_own_beside_the_inherited_one():
    code = """
def get_scale(input, N_bits=8):
    return input.abs().max()
other_methods = reset_scale_and_zero_point
def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    if method == "SAWB":
        return get_scale(input, N_bits) / 2 ** (N_bits - 1), 0
    return other_methods(input, N_bits, method)
"""
    lines = outcomes(code)["1a.reset.SAWB"].lines
    assert lines[0] == "With a correct get_scale it is still wrong:"
    assert "divide a second time" in lines[-1]


def test_explain_says_what_an_unfinished_function_waits_for():
    code = "def get_scale(input, N_bits=8):\n    raise NotImplementedError('1a')\n"
    outcome = outcomes(code)["1a.reset.SAWB"]
    assert (outcome.outcome, outcome.lines) == (MISSING, ("Waits only for get_scale.",))


def test_explain_names_no_known_mistake_that_leaves_a_failure_unexplained():
    two = CODES.format("torch.clamp(torch.floor(input / scale) + zero_point, low, high - 1)")
    lines = [line for outcome in outcomes(two).values() for line in outcome.lines]
    known = {m.sentence for each in load("1a") for m in each.mistakes}
    assert not {line.removeprefix("Hint: ") for line in lines} & known


def test_explain_compares_gradients():
    code = """
def linear_quantize_STE(input, scale, zero_point, N_bits, signed=True):
    codes = linear_quantize(input, scale, zero_point, N_bits, signed)
    return input / scale * 2 + (codes - input / scale * 2).detach()
"""
    text = text_of(code, "2a.STE.gradient")
    assert "expected the gradient -14.77, got -29.54" in text


def test_report_shortens_and_groups_by_function():
    module = load_module(f"{CORRECT}\n\ndef get_scale(input, N_bits=8):\n    1 / 0\n")
    explained = explain_checks([run_check(each, module) for each in load("1a")], module)
    lines = report_lines("1a", explained)
    assert lines[0] == "Question 1a: 10 of 12 public checks pass."
    assert [line for line in lines if not line.startswith(" ")][1:] == [
        *("linear_quantize", "linear_dequantize", "get_scale", "reset_scale_and_zero_point")
    ]


@pytest.mark.parametrize("function", SIGNATURES)
@pytest.mark.parametrize(
    "results", [ODD_RESULTS[::6], pytest.param(ODD_RESULTS, marks=pytest.mark.long)], ids=len
)
def test_explain_survives_results_of_any_form(function, results):
    signature = SIGNATURES[function]
    names = ", ".join(part.split("=")[0] for part in signature.split(", "))
    (question,) = [
        q for q in ("1a", "2b", "3") if any(c.program.target == function for c in load(q))
    ]
    for result in results:
        code = (
            f"correct = {function}\ndef {function}({signature}):\n"
            f"    right = correct({names})\n    return {result}\n"
        )
        own = [o for o in outcomes(code, question).values() if o.check.program.target == function]
        assert any(o.outcome in (WRONG, RIGHT) for o in own)
        assert all(len(o.lines) <= 5 for o in own)
        assert all(sum("Hint: " in line for line in o.lines) <= 1 for o in own)


def test_is_same_compares_complex_arrays():
    left, right = np.array([1 + 2j, 3]), np.array([1 + 2j, 3])
    assert is_same(left, right)
    assert not any(itertools.starmap(is_same, [(left, right[:1]), (left, right + 1)]))


def test_relations_name_a_constant_factor_or_difference():
    expected = np.array([1.0, -2.0, 4.0])
    assert name_of(constant_ratio(expected * 0.25, expected), {"a quarter": 0.25}) == "a quarter"
    assert name_of(constant_difference(expected + 3, expected), {"three": 3.0}) == "three"
    assert constant_ratio(expected + 1, expected) is None
    assert constant_difference(expected * 2, expected) is None
