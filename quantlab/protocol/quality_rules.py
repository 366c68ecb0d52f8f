"""Rules for results of a search: every answer that is good enough is correct.

`NearLeastError` judges a scale by its mean squared error, equation (4). `AboveFloor` and
`AtMostUniform` judge bit widths by a table of losses.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantlab.protocol.calls import AdditiveLoss
from quantlab.protocol.comparison import (
    CORRECT,
    WRONG,
    Codes,
    Each,
    Outcome,
    Widths,
    as_scalar,
)


@dataclass(frozen=True)
class BestScale:
    """The numbers to quantize, their scale of least mean squared error, and that error."""

    values: np.ndarray
    scale: float
    error: float


@dataclass(frozen=True)
class NearLeastError:
    """A pair (scale, 0) whose error exceeds the least one by at most the share `tolerance`."""

    bits: int
    tolerance: float

    def compare(self, got: Any, expected: BestScale) -> Outcome:
        """Return the outcome."""
        pair = Each((_Positive(), Codes()), ("scale", "zero_point")).compare(got, (1.0, 0))
        if not pair.correct:
            return pair
        error = squared_error(expected.values, as_scalar(got[0]) or 0.0, self.bits)
        if error <= expected.error * (1 + self.tolerance):  # NaN is not near either
            return Outcome(CORRECT)
        more = 100 * (error / expected.error - 1)
        return Outcome(
            WRONG,
            f"With this scale the mean squared error is {error:.4g}, {more:.1f} % more than "
            f"the least possible; this check allows {100 * self.tolerance:g} %.",
        )


def squared_error(values: np.ndarray, scale: float, bits: int) -> float:
    """Return the mean squared distance of `values` to the signed grid of `scale`, z = 0."""
    levels = scale * np.arange(-(2 ** (bits - 1)), 2 ** (bits - 1))
    middles = (levels[1:] + levels[:-1]) / 2
    numbers = values.astype(np.float64).reshape(-1)
    return float(np.mean((numbers - levels[np.searchsorted(middles, numbers)]) ** 2))


class _Positive:
    """Accept a finite number above zero."""

    def compare(self, got: object, expected: object) -> Outcome:
        """Return whether `got` is a scale; `expected` is ignored."""
        scalar = as_scalar(got)
        if scalar is None or not np.isfinite(scalar) or scalar <= 0:
            return Outcome(WRONG, "a scale is one finite number above zero.")
        return Outcome(CORRECT)


@dataclass(frozen=True)
class AboveFloor:
    """Candidate widths above the accuracy `floor`; the widest where none are."""

    candidates: tuple[int, ...]
    floor: float

    def compare(self, got: Any, expected: AdditiveLoss) -> Outcome:
        """Return the outcome."""
        outcome = Widths(tuple(expected.losses), self.candidates).compare(got)
        if not outcome.correct:
            return outcome
        accuracy = accuracy_of(expected, got)
        widest = accuracy_of(expected, dict.fromkeys(expected.losses, max(self.candidates)))
        if widest <= self.floor:
            if accuracy == widest:
                return Outcome(CORRECT)
            sentence = "No widths are above the floor here; the widest are expected then."
            return Outcome(WRONG, sentence)
        if accuracy <= self.floor:
            sentence = (
                f"These widths give {accuracy:.2f} %, not above the floor of {self.floor:g} %."
            )
            return Outcome(WRONG, sentence)
        return Outcome(CORRECT)


@dataclass(frozen=True)
class AtMostUniform:
    """Candidate widths above the floor that take no more bits than the best uniform width."""

    candidates: tuple[int, ...]
    floor: float
    sizes: Mapping[str, int]

    def compare(self, got: Any, expected: AdditiveLoss) -> Outcome:
        """Return the outcome."""
        outcome = AboveFloor(self.candidates, self.floor).compare(got, expected)
        if not outcome.correct:
            return outcome
        uniform = min(
            bits
            for bits in self.candidates
            if accuracy_of(expected, dict.fromkeys(self.sizes, bits)) > self.floor
        )
        used = bits_of(self.sizes, got)
        if used > uniform * sum(self.sizes.values()):
            return Outcome(
                WRONG,
                f"These widths take {used} bits of weights; {uniform} everywhere take fewer.",
            )
        return Outcome(CORRECT)


def accuracy_of(table: AdditiveLoss, widths: Mapping[str, Any]) -> float:
    """Return the accuracy in percent that `table` gives `widths`."""
    return table.ceiling - sum(table.losses[name][int(bits)] for name, bits in widths.items())


def bits_of(sizes: Mapping[str, int], widths: Mapping[str, Any]) -> int:
    """Return the bits that weights of these `sizes` take at `widths`."""
    return sum(sizes[name] * int(bits) for name, bits in widths.items())
