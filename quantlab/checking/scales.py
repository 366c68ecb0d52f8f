"""Explain wrong scales: SAWB with its moments, sym and unsigned."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from quantlab.checking.relations import NEAR
from quantlab.checking.searches import diagnose_search
from quantlab.checking.wrong_part import WrongPart, text, text_beside
from quantlab.protocol.comparison import as_scalar
from quantlab.protocol.quality_rules import BestScale

# Factors between a wrong and the correct scale by the number of bits, with what they say.
FACTORS: Mapping[str, Callable[[int], float]] = {
    "You return alpha, the end of the range. The scale is one step: divide by 2^(b-1).": (
        lambda bits: 2.0 ** (bits - 1)
    ),
    "You divide by 2^b, the number of all codes. Half of them are on each side of zero: 2^(b-1).": (
        lambda bits: 0.5
    ),
    "You divide by 2^(b-1) - 1, the largest code. This grid divides by 2^(b-1).": (
        lambda bits: 2.0 ** (bits - 1) / (2 ** (bits - 1) - 1)
    ),
    "You divide by 2^b - 1. This grid divides by 2^(b-1).": (
        lambda bits: 2.0 ** (bits - 1) / (2**bits - 1)
    ),
    "You divide the whole range, 2 alpha, by 2^b - 1. This grid divides alpha by 2^(b-1).": (
        lambda bits: 2.0**bits / (2**bits - 1)
    ),
    "You divide by 2^(b-1) twice.": lambda bits: 2.0 ** (1 - bits),
    "You divide by b, not by 2^(b-1).": lambda bits: 2.0 ** (bits - 1) / bits,
    "You divide by 2 (b-1), not by 2^(b-1): a power is asked for.": (
        lambda bits: 2.0 ** (bits - 1) / (2 * (bits - 1))
    ),
}
UNSIGNED_FACTORS: Mapping[str, Callable[[int], float]] = {
    "You return max x, the whole range. The scale is one of its 2^b - 1 steps.": (
        lambda bits: 2.0**bits - 1
    ),
    "You divide by 2^b. The largest number must get the largest code, 2^b - 1.": (
        lambda bits: (2.0**bits - 1) / 2**bits
    ),
    "You divide by 2^(b-1), as for signed codes. Unsigned codes reach 2^b - 1.": (
        lambda bits: (2.0**bits - 1) / 2 ** (bits - 1)
    ),
    "You divide by 2^(b-1) - 1, the largest signed code. Unsigned codes reach 2^b - 1.": (
        lambda bits: (2.0**bits - 1) / (2 ** (bits - 1) - 1)
    ),
}
NEAR_MOMENTS = 3e-3  # relative: sums of float32, and n or n - 1 in a variance


def scale_of(result: Any) -> float | None:
    """Return the scale in a result of get_scale or reset_scale_and_zero_point; None without one."""
    if isinstance(result, (tuple, list)):
        result = result[0] if len(result) == 2 else None
    return as_scalar(result)


def has_wrong_zero_point(part: WrongPart) -> bool:
    """Return whether a pair has a zero point that is not 0."""
    is_pair = isinstance(part.got, (tuple, list)) and len(part.got) == 2
    return is_pair and as_scalar(part.got[1]) != 0


def show_scale(part: WrongPart) -> str:
    """Return what the scale should be, from the numbers of the input; expected and got."""
    bits, method = int(part.number_of("N_bits")), part.arguments.get("method", "SAWB")
    got = scale_of(part.got)
    shown = "no scale" if got is None else text(got)
    x = part.array("input")
    magnitude = np.abs(x)
    if isinstance(part.expected, BestScale):
        if got is None or not got > 0:
            return f"{bits} bits: got {shown}"
        better = "larger" if part.expected.scale > got else "smaller"
        half = 2 ** (bits - 1)
        return (
            f"{bits} bits, max |x| = {text(magnitude.max())}: your s = {shown} covers up to "
            f"{half} s = {text(got * half)}; a {better} s has less error"
        )
    expected = scale_of(part.expected) or 0.0
    shown = "no scale" if got is None else text_beside(got, expected)
    if method in ("unsigned", "asym"):
        return (
            f"{bits} bits: max x = {text(x.max())}, largest code {2**bits - 1}: "
            f"expected s = {text(expected)}, got {shown}"
        )
    half = 2 ** (bits - 1)
    if method == "sym":
        return (
            f"{bits} bits: max |x| = {text(magnitude.max())}, 2^(b-1) = {half}: "
            f"expected s = {text(expected)}, got {shown}"
        )
    return (
        f"{bits} bits: E(|x|) = {text(magnitude.mean())}, E(x^2) = {text((x**2).mean())}, "
        f"alpha = {text(expected * half)}, 2^(b-1) = {half}: expected s = {text(expected)}, "
        f"got {shown}"
    )


def diagnose_scales(parts: Sequence[WrongPart], coefficients: Any) -> str:
    """Return why the scales of all calls of a check are wrong; "" if no rule explains all of them.

    Args:
        parts: All calls of the check, also those with a correct scale.
        coefficients: SAWB_COEFFICIENTS of solution.py.
    """
    pairs = [(scale_of(part.got), part) for part in parts]
    scales = [(got, part) for got, part in pairs if got is not None and np.isfinite(got)]
    if len(scales) != len(parts):
        return _form(parts)
    if isinstance(parts[0].expected, BestScale):
        return diagnose_search(scales)
    method = parts[0].arguments.get("method", "SAWB")
    if factor := _factor(scales, method):
        return factor
    return _moments(scales, coefficients) if method == "SAWB" else _range(scales, method)


def _factor(scales: Sequence[tuple[float, WrongPart]], method: str) -> str:
    """Name a constant factor between the scales and the correct ones."""
    factors = UNSIGNED_FACTORS if method in ("unsigned", "asym") else FACTORS
    for sentence, factor in factors.items():
        if all(_is_near(got, part, factor) for got, part in scales):
            return sentence.replace("alpha", "max |x|") if method == "sym" else sentence
    if all(abs(got * (scale_of(part.expected) or 0) - 1) < NEAR for got, part in scales):
        return "You return 1 / s, the inverse of the scale."
    if all(abs(2 * (got + 1) / (scale_of(part.expected) or 1) - 1) < NEAR for got, part in scales):
        return (
            "You subtract 1 from the quotient by 2^b. The exponent is b - 1: it needs parentheses."
        )
    return ""


def _is_near(got: float, part: WrongPart, factor: Callable[[int], float]) -> bool:
    expected = (scale_of(part.expected) or 0.0) * factor(int(part.number_of("N_bits")))
    return bool(abs(got - expected) <= 2 * NEAR * abs(expected))


def _form(parts: Sequence[WrongPart]) -> str:
    """Name a result that has no single scale."""
    for part in parts:
        result = part.got[0] if isinstance(part.got, (tuple, list)) and part.got else part.got
        if isinstance(result, np.ndarray) and result.size > 1:
            return (
                f"The scale has shape {tuple(result.shape)}: take the maximum or the mean over all "
                "elements, so that it is one number."
            )
    return ""


def _range(scales: Sequence[tuple[float, WrongPart]], method: str) -> str:
    """Name the statistic of the input that was taken in place of the right one."""

    def steps(part: WrongPart) -> int:
        bits = int(part.number_of("N_bits"))
        return 2 ** (bits - 1) if method == "sym" else 2**bits - 1

    wanted = "max |x|" if method == "sym" else "max x"
    statistics: Mapping[str, Callable[[np.ndarray], float]] = {
        "max x": lambda x: x.max(),
        "|min x|": lambda x: abs(x.min()),
        "max x - min x": lambda x: x.max() - x.min(),
        "(max x - min x) / 2": lambda x: (x.max() - x.min()) / 2,
        "the mean of |x|": lambda x: np.abs(x).mean(),
        "the standard deviation": lambda x: x.std(),
    }
    for name, statistic in statistics.items():
        if name != wanted and all(
            abs(got * steps(part) / statistic(part.array("input")) - 1) < NEAR_MOMENTS
            for got, part in scales
        ):
            return f"Your range is {name}; this method takes {wanted}."
    ratios = [got * steps(part) / part.array("input").std() for got, part in scales]
    if len(ratios) > 1 and np.ptp(ratios) < NEAR_MOMENTS * abs(np.mean(ratios)):
        return (
            f"Your range is {np.mean(ratios):.2g} standard deviations; this method takes {wanted}."
        )
    return ""


def _moments(scales: Sequence[tuple[float, WrongPart]], coefficients: Any) -> str:
    """Name the statistics that equation (5) was computed with."""
    firsts: Mapping[str, Callable[[np.ndarray], float]] = {
        "sqrt(E(x^2))": _root_mean_square,
        "the standard deviation": lambda x: x.std(),
        "the variance": lambda x: x.var(),
        "E(x^2)": lambda x: (x**2).mean(),
        "the square root of the sum of x^2": lambda x: np.sqrt((x**2).sum()),
        "sqrt(E(|x|))": lambda x: np.sqrt(np.abs(x).mean()),
        "E(|x|)": _mean_magnitude,
    }
    seconds: Mapping[str, Callable[[np.ndarray], float]] = {
        "E(|x|)": _mean_magnitude,
        "E(x)": lambda x: x.mean(),
        "|E(x)|": lambda x: abs(x.mean()),
        "the median of |x|": lambda x: np.median(np.abs(x)),
        "max |x|": lambda x: np.abs(x).max(),
        "the sum of |x|": lambda x: np.abs(x).sum(),
        "nothing": lambda x: 0.0,
        "sqrt(E(x^2))": _root_mean_square,
    }
    for first, compute_first in firsts.items():
        for second, compute_second in seconds.items():
            for sign in (-1, 1):
                alphas = [
                    _alpha(got, part, coefficients, compute_first, compute_second, sign)
                    for got, part in scales
                ]
                if None not in alphas:
                    return _moment_sentence(first, second, sign) + _value(scales, alphas)
    return _coefficients(scales, coefficients)


def _coefficients(scales: Sequence[tuple[float, WrongPart]], coefficients: Any) -> str:
    """Name constants of equation (5) that belong to another width."""
    for bits in coefficients if isinstance(coefficients, Mapping) else ():
        same = dict.fromkeys(coefficients, coefficients[bits])
        if all(
            _alpha(got, part, same, _root_mean_square, _mean_magnitude, -1) is not None
            for got, part in scales
        ):
            return f"c1 and c2 are those of {bits} bits for every N_bits; each width has its own."
    return ""


def _root_mean_square(x: np.ndarray) -> float:
    return float(np.sqrt((x**2).mean()))


def _mean_magnitude(x: np.ndarray) -> float:
    return float(np.abs(x).mean())


def _alpha(
    got: float,
    part: WrongPart,
    coefficients: Any,
    first: Callable[[np.ndarray], float],
    second: Callable[[np.ndarray], float],
    sign: int,
) -> float | None:
    """Return alpha from these statistics if the scale `got` comes from it; else None."""
    bits = int(part.number_of("N_bits"))
    x = part.array("input")
    try:
        c1, c2 = coefficients[bits]
        terms = float(c1) * first(x), sign * float(c2) * second(x)
    except (KeyError, TypeError, ValueError, IndexError):
        return None
    alpha = sum(terms)
    # max |x| replaces an alpha that is not positive, but not every student replaces it.
    for value in (alpha,) if alpha > 0 else (float(np.abs(x).max()), alpha):
        bound = min(NEAR_MOMENTS * 0.1 * max(map(abs, terms)), 2 * NEAR_MOMENTS * abs(value))
        if abs(got * 2 ** (bits - 1) - value) <= bound:
            return alpha
    return None


def _value(scales: Sequence[tuple[float, WrongPart]], alphas: Sequence[float | None]) -> str:
    """Return what an alpha that is not positive leads to; "" if all of them are positive."""
    for (got, part), alpha in zip(scales, alphas, strict=True):
        if alpha is not None and alpha <= 0:
            bits = int(part.number_of("N_bits"))
            result = "max |x| replaces it" if got > 0 else "so is your scale"
            return f" This alpha is negative at {bits} bits ({text(alpha)}), and {result}."
    return ""


def _moment_sentence(first: str, second: str, sign: int) -> str:
    wrong = []
    if first == "E(x^2)":
        wrong.append("c1 multiplies E(x^2): the root is missing")
    elif first != "sqrt(E(x^2))":
        wrong.append(f"c1 multiplies {first}, not sqrt(E(x^2)), the root of the mean of squares")
    if second == "nothing":
        wrong.append("the term c2 E(|x|) is missing")
    elif second != "E(|x|)":
        wrong.append(f"c2 multiplies {second}, not E(|x|)")
    if sign == 1 and second != "nothing":
        wrong.append("the second term is added; equation (5) subtracts it")
    return f"In your alpha, {' and '.join(wrong)}." if wrong else ""
