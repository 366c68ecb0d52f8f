"""Explain the scales of a search for the least squared error: equation (4)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quantlab.checking.relations import NEAR
from quantlab.checking.wrong_part import WrongPart, text
from quantlab.protocol.quality_rules import BestScale, squared_error

MOST_EXCESS = 20  # times the least error: more is not the result of a search
NEAR_EXCESS = 0.5  # a search with the right error may miss the best scale by this much
EQUAL_ERRORS = 1.002  # between neighbors on the grid of a search


@dataclass(frozen=True)
class _Result:
    """The scale that a search returned, and its call."""

    scale: float
    part: WrongPart

    @property
    def best(self) -> BestScale:
        """Return the scale of least error."""
        return self.part.expected

    @property
    def bits(self) -> int:
        """Return the bit width of the call."""
        return int(self.part.number_of("N_bits"))

    def covers(self, scale: float) -> float:
        """Return the end of the range of `scale`, as a multiple of max |x|."""
        return scale * 2 ** (self.bits - 1) / float(np.abs(self.part.array("input")).max())

    def excess(self, scale: float) -> float:
        """Return the error of `scale` beyond the least one, as a share of it."""
        if not scale > 0:
            return float("inf")
        return squared_error(self.best.values, scale, self.bits) / self.best.error - 1

    def error_of_codes(self, scale: float) -> float:
        """Return the mean squared distance of x to its codes, without recovery."""
        numbers, half = self.best.values.astype(np.float64), 2 ** (self.bits - 1)
        codes = np.clip(np.rint(numbers / scale), -half, half - 1)
        return float(np.mean((numbers - codes) ** 2))


def diagnose_search(scales: Sequence[tuple[float, WrongPart]]) -> str:
    """Return how a search for the least error misses it; "" if no rule explains all scales.

    Args:
        scales: The scale of each call, with the call.
    """
    results = [_Result(scale, part) for scale, part in scales]
    if not all(scale > 0 for scale, _ in scales):
        return ""
    return _known_end(results) or _wrong_error(results) or _range_or_error(results)


def _known_end(results: Sequence[_Result]) -> str:
    """Name the scale of sym, and the end of the best range in place of its scale."""
    covered = [result.covers(result.scale) for result in results]
    if all(abs(ratio - 1) < NEAR for ratio in covered):
        return (
            "Your s is max |x| / 2^(b-1), the one of sym. If that is the largest s that you try, "
            "try larger ones too. If you do not search, try others and compare the errors."
        )
    if all(r.excess(r.scale / 2 ** (r.bits - 1)) < 0.1 for r in results):
        return "You return the end of the best range; the scale is one of its 2^(b-1) steps."
    return ""


def _wrong_error(results: Sequence[_Result]) -> str:
    """Name an error that compares x with the codes, and a result that depends on no error."""
    if all(_is_falling(result) for result in results) and any(map(_is_least, results)):
        return (
            "Your s has the least squared difference between x and the codes. Equation (4) "
            "compares x with the recovered numbers, equation (3)."
        )
    covered = [result.covers(result.scale) for result in results]
    is_constant = max(covered) - min(covered) < NEAR * max(covered)
    is_larger = all(result.scale > 1.02 * result.best.scale for result in results)
    if len(results) > 1 and is_constant and is_larger:
        return (
            f"Your s covers {text(covered[0])} max |x| at every width, whatever its error. Return "
            "the s of least error, not the last that you try."
        )
    return ""


def _is_falling(result: _Result) -> bool:
    """Return whether no smaller scale has codes that are closer to x."""
    here = result.error_of_codes(result.scale) / EQUAL_ERRORS
    smaller = np.linspace(0.5, 0.98, 25) * result.scale
    return all(here <= result.error_of_codes(scale) for scale in smaller)


def _is_least(result: _Result) -> bool:
    """Return whether no larger scale has codes that are closer to x, and s is not the best."""
    here = result.error_of_codes(result.scale) / EQUAL_ERRORS
    larger = np.linspace(1.02, 2, 25) * result.scale
    is_best = abs(result.scale / result.best.scale - 1) < 0.02
    return not is_best and all(here <= result.error_of_codes(scale) for scale in larger)


def _range_or_error(results: Sequence[_Result]) -> str:
    """Return what to look at, for the call with the most error: its range or its error."""
    excesses = [result.excess(result.scale) for result in results]
    if max(excesses) > MOST_EXCESS:
        return ""
    worst = results[int(np.argmax(excesses))]
    is_low = worst.scale < worst.best.scale
    end, direction = ("largest", "larger") if is_low else ("smallest", "smaller")
    otherwise = (
        "the scales that you try may be too far apart: try more of them, or search again around "
        "the best one. Compare squared errors, over all numbers."
        if max(excesses) < NEAR_EXCESS
        else "check that the error compares x with the recovered numbers, squares the "
        "differences, and that you return the s of least error."
    )
    return (
        f"Your s covers {text(worst.covers(worst.scale))} max |x|. If that is the {end} that you "
        f"try, continue with {direction} ones. If not, {otherwise}"
    )
