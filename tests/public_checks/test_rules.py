"""What `check` says about mistakes whose text once led elsewhere: what it must say, and must not.

Every case is a student's mistake of `natural_mistakes`, or code written here.
"""

import pytest

from autograder.paths import REFERENCE
from quantlab.checking.report import LONGEST, report_lines
from quantlab.protocol.public_checks import load
from quantlab.protocol.run_public_checks import WRONG, CheckOutcome
from tests.public_checks.natural_mistakes.collection import MISTAKES, text_about
from tests.public_checks.natural_mistakes.held_out import MISTAKES as UNSEEN

CORRECT = REFERENCE.read_text(encoding="utf-8")
BY_NAME = {mistake.name: mistake for mistake in (*MISTAKES, *UNSEEN)}
SEARCH = """
def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    if method == "SAWB":
        return get_scale(input, N_bits), 0
    top = input.abs().max() / 2 ** (N_bits - 1)
    def error(s):
        codes = linear_quantize(input, s, 0, N_bits)
        return {error}
    if method == "heuristic":
        return min((k / 100 * top for k in range({low}, {high})), key=error), 0
    return (top, 0) if method == "sym" else (input.max() / (2**N_bits - 1), 0)
"""
SQUARED = "(input - linear_dequantize(codes, s, 0)).square().mean()"


@pytest.mark.parametrize(
    ("name", "words", "false_words"),
    [
        ("quantize: the limits of int8 for every width", "limits of 8 bits", "nothing limits"),
        ("quantize: unsigned codes are not clipped", "codes to 0 and 2^b - 1", "nothing limits"),
        ("quantize: rounds down and does not clip", "rounded down", "cut off"),
        ("held out: the result of clamp is not kept", "keep the result", "real numbers"),
        (
            "get_scale: square of the mean for mean of the squares",
            "negative at 8 bits (-6.37), and max |x| replaces it",
            "so is your scale",
        ),
        ("get_scale: never less than the largest number", "larger of alpha", "E(|x|), not"),
        (
            "held out: parentheses around both terms of alpha",
            "c1 multiplies only the root",
            "E(|x|), not",
        ),
        ("held out: no root", "the root is missing. This alpha is negative", "replaces it"),
        (
            "held out: three standard deviations",
            "range is 3 standard deviations",
            "your range is max",
        ),
        ("held out: unsigned range of signed codes", "Your s is the one of sym", "ends at max"),
        ("held out: a search over five scales", "covers 0.2 max |x|", "near the least error"),
        ("reset: heuristic returns the last candidate", "1.4 max |x| at every width", "codes."),
        (
            "reset: heuristic compares numbers with codes",
            "difference between x and the codes",
            "last",
        ),
        ("STE: quantizes and recovers in one step", "0.205823. They were multiplied", "quotient"),
        ("STE: the scale was not kept for backward", "keep what it needs in ctx", "None"),
        ("held out: limits the gradient", "end at -1 and 1", "elements, those that are clipped"),
        ("integer_linear: sums in float32", "up to 2^53", "Compute in a type"),
        ("integer_conv2d: sums in float32", "up to 2^53", "Compute in a type"),
        ("integer_linear: forgets to transpose", "weight is (out, in)", "bias"),
        ("integer_linear: element by element", "sum the products over them", "bias"),
        (
            "integer_linear: the sums of magnitudes",
            "the codes and the weights become",
            "negative ones into large positive ones and",
        ),
        (
            "integer_conv2d: unfold without padding",
            "dilation (kH - 1) - 1) / stride) + 1 rows",
            "bias",
        ),
        ("quantized_linear: a layer without bias", "bias may be None", "dimension"),
        ("quantized_conv2d: the bias along the width", "8 numbers, one per output channel", "None"),
        ("search: the floor as a fraction", "85.0, not 0.85", "both in percent"),
    ],
)
def test_check_text_names_the_cause_and_no_other(name, words, false_words, tmp_path):
    mistake = BY_NAME[name]
    text = text_about(mistake.source(CORRECT), mistake.question, tmp_path)
    assert words in text
    assert false_words not in text


@pytest.mark.parametrize(
    ("error", "low", "high", "words"),
    [
        (
            SQUARED,
            1,
            61,
            "covers 0.6 max |x|. If that is the largest that you try, continue with larger ones",
        ),
        ("torch.zeros(())", 130, 150, "1.3 max |x| at every width"),
        ("(input - codes).square().mean()", 1, 140, "difference between x and the codes"),
        ("(input - linear_dequantize(codes, s, 0)).abs().mean()", 1, 200, "Compare squared errors"),
    ],
)
def test_search_is_explained_by_what_it_compares(error, low, high, words, tmp_path):
    source = f"{CORRECT}\n\n{SEARCH.format(error=error, low=low, high=high)}"
    text = text_about(source, "1a", tmp_path)
    others = {"sym", "at every width", "between x and the codes"}
    assert words in text
    assert not [other for other in others if other in text and other not in words]


@pytest.mark.parametrize("bits", [3, 5])
def test_limits_of_eight_bits_are_named_for_signed_codes_too(bits, tmp_path):
    code = f"""
def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
    low, high = (-128, 127) if signed and N_bits == {bits} else (low, high)
    return torch.clamp(torch.round(input / scale) - zero_point, low, high)
"""
    text = text_about(f"{CORRECT}\n\n{code}", "1a", tmp_path)
    assert f"signed codes of {bits} bits go from -{2 ** (bits - 1)}" in text
    assert "limits of 8 bits" in text


def test_report_prints_one_signature_and_a_repeated_line_short():
    signatures = " * (Tensor input, int stride = 1) * (Tensor input, str padding)"
    line = (
        f"solution.py raises TypeError in line 4: conv2d() got (int), expected one of:{signatures}"
    )
    check, *_ = load("2b")
    outcomes = [CheckOutcome(check, check.program, WRONG, (line,)) for _ in range(2)]
    first, second = [text.strip() for text in report_lines("2b", outcomes) if "TypeError" in text]
    assert first == line[: line.index(" * (Tensor input, str")].replace(" * ", " ")
    assert second == f"{first[:96]} ..."
    assert len(first) < LONGEST
