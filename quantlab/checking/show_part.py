"""Show and diagnose the wrong part of an answer, by the function that returned it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from quantlab.checking import codes, scales, sums, widths
from quantlab.checking.exceptions import LAYERS, diagnose_exception
from quantlab.checking.wrong_part import WrongPart, wrong_part
from quantlab.protocol.comparison import BAD_SHAPE, Codes, describe
from quantlab.protocol.run_public_checks import CheckOutcome

SUMS = ("integer_linear", "integer_conv2d")
SCALES = ("get_scale", "reset_scale_and_zero_point")
SEARCH = "variable_precision_search"
# By function: how to show its worst element, and how to explain it.
_SHOW: Mapping[str, Callable[[WrongPart], str]] = {
    "linear_quantize": codes.show_code,
    "linear_quantize_STE": codes.show_code,
    "linear_dequantize": codes.show_recovered,
    **dict.fromkeys(SUMS, sums.show_sum),
    **dict.fromkeys(LAYERS, sums.show_output),
}
_DIAGNOSE: Mapping[str, Callable[[WrongPart], str]] = {
    "linear_quantize": codes.diagnose_codes,
    "linear_quantize_STE": codes.diagnose_codes,
    "linear_dequantize": codes.diagnose_recovered,
    **dict.fromkeys(SUMS, sums.diagnose_sums),
    **dict.fromkeys(LAYERS, sums.diagnose_output),
}


def show_part(part: WrongPart, kind: str) -> str:
    """Return the worst element in terms of the equation; "" where the comparison says enough."""
    if part.target in SCALES:
        return _show_scale(part)
    if part.target == SEARCH:
        return widths.show_widths(part)
    if not part.is_comparable:
        has_geometry = "stride" in part.arguments and kind == BAD_SHAPE
        return f"The call has {sums.show_geometry(part.arguments)}." if has_geometry else ""
    if part.gradient:
        return codes.show_gradient(part)
    return "" if _is_equal(part) else _SHOW[part.target](part)


def diagnose(  # noqa: PLR0911 - a table of cases
    outcome: CheckOutcome, coefficients: Any
) -> str:
    """Return why an answer is wrong, by general rules; "" if none explains it.

    `coefficients` is SAWB_COEFFICIENTS of solution.py.
    """
    part = wrong_part(outcome)
    if part is None:
        return diagnose_exception(outcome)
    if part.target in SCALES:
        return _diagnose_scale(outcome, part, coefficients)
    if part.target == SEARCH:
        return widths.diagnose_widths(part)
    if not part.is_comparable:
        return _diagnose_shape(part)
    if part.gradient:
        return codes.diagnose_gradient(part)
    if _is_equal(part):
        return "The values are right: convert them to int32 at the end."
    return _DIAGNOSE[part.target](part)


def _show_scale(part: WrongPart) -> str:
    if scales.scale_of(part.got) is None or _is_without_zero_point(part):
        return ""
    if scales.has_wrong_zero_point(part):
        return f"zero point: expected 0, got {describe(part.got[1])}"
    return scales.show_scale(part)


def _diagnose_scale(outcome: CheckOutcome, part: WrongPart, coefficients: Any) -> str:
    if _is_without_zero_point(part):
        return "Return a pair: the scale and the zero point 0."
    if scales.has_wrong_zero_point(part):
        return "The zero point of every method here is the integer 0."
    return scales.diagnose_scales(_all_parts(outcome), coefficients)


def _is_without_zero_point(part: WrongPart) -> bool:
    is_pair = isinstance(part.got, (tuple, list)) and len(part.got) == 2
    return part.target != "get_scale" and not is_pair


def _diagnose_shape(part: WrongPart) -> str:
    if not isinstance(part.got, np.ndarray):
        return ""
    if part.target in (*SUMS, *LAYERS):
        return sums.diagnose_shape(part)
    if part.got.size == np.size(part.expected) > 1 and part.got.ndim != np.ndim(part.expected):
        return "The elements are there in another shape: keep the shape of the input."
    return ""


def _is_equal(part: WrongPart) -> bool:
    return Codes().compare(part.got, part.expected).correct


def _all_parts(outcome: CheckOutcome) -> list[WrongPart]:
    """Return the parts of all calls of a check, also the correct ones."""
    parts = (wrong_part(replace(outcome, unmet=unmet)) for unmet in outcome.check.expectations)
    return [part for part in parts if part is not None]
