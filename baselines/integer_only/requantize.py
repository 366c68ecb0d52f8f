"""Requantization: an accumulator times a real multiplier, in integers alone.

After an integer convolution the accumulator has the scale s_x s_w and the next tensor the scale
s_y, so that it is multiplied by M = s_x s_w / s_y, with batch normalization by M = s_x s_w gamma /
(sigma s_y). An integer multiplier stands for M:

    M ~ m 2^-e,    y = round(a m / 2^e) = (a m + 2^(e-1) - [a < 0]) >> e

with ties **rounded away from zero**, as C's `round` does: symmetric in the sign, and in hardware
one addition more than a shift. What m may be is the scheme:

* "fixed-point": 31 bits, normalized to 2^30 <= m < 2^31; |M - m 2^-e| <= 2^-31 M. HAWQ-V3's dyadic
  number (Yao et al. 2021, section 3.1), which rounds ties up instead.
* "single-shift": one bit, m = 2^k. No multiplication is left.
* "double-shift": two bits, m = 2^j + 2^k: a shift, an addition, a shift.

A power of two misses M by up to a factor of two, so that the shifts leave a rest M / (m 2^-e) <= 1
to be multiplied into the weights before they are rounded (N2D2's export, which knows these three
schemes). Hence `multiplier_at_least` for the shifts and `nearest_multiplier` for fixed-point.

a is an int32, m < 2^31 and e <= 62, so that a m + 2^(e-1) is an int64 without overflow. It can fail
with a `ConversionError` when a real multiplier is negative, not finite or beyond 2^30.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

SCHEMES = ("fixed-point", "single-shift", "double-shift")
MULTIPLIER_BITS = 31  # of a positive int32
LARGEST_SHIFT = 62
LARGEST_REAL = 2**30  # what is nearest to it, or the next power of two, still has 31 bits
LONGEST_SECOND_SHIFT = 15  # of two shifts, the second at most so much further than the first


class ConversionError(Exception):
    """A model has no integer network; the message says where and what to do."""


@dataclass(frozen=True)
class Multiplier:
    """The number m 2^-e, with 0 <= m < 2^31 and 0 <= e <= 62."""

    m: int
    e: int

    def __post_init__(self) -> None:
        if not (0 <= self.m < 2**MULTIPLIER_BITS and 0 <= self.e <= LARGEST_SHIFT):
            raise ConversionError(
                f"{self.m} * 2^-{self.e} is no multiplier of this network: m has 31 bits and e is "
                "at most 62."
            )

    def __float__(self) -> float:
        return math.ldexp(self.m, -self.e)


def nearest_multiplier(real: float) -> Multiplier:
    """The nearest fixed-point multiplier to `real` >= 0.

    Below 2^-32 fewer than 31 bits are left, and below 2^-63 none. Raises `ConversionError`.
    """
    mantissa, exponent = math.frexp(_checked(real))  # real = mantissa 2^exponent, in [1/2, 1)
    e = min(MULTIPLIER_BITS - exponent, LARGEST_SHIFT)
    m = round(math.ldexp(mantissa, exponent + e))
    if m == 2**MULTIPLIER_BITS:  # rounded up to the next power of two
        m, e = m // 2, e - 1
    return Multiplier(m, e)


def multiplier_at_least(real: float, scheme: str) -> Multiplier:
    """The smallest multiplier of a shift `scheme` that is not below `real` >= 0.

    One shift: 2^k. Two: 2^k too, or 2^k + 2^(k-d) for d of 1 to 15. Raises `ConversionError`.
    """
    mantissa, exponent = math.frexp(_checked(real))
    candidates = [0.5, 1.0]
    if scheme == "double-shift":
        candidates += [(1 + 2.0**-d) / 2 for d in range(1, LONGEST_SECOND_SHIFT + 1)]
    chosen = min(candidate for candidate in candidates if candidate >= mantissa)
    # Written with as few bits as it has: the shifts that a machine would do.
    numerator, denominator = chosen.as_integer_ratio()
    e = denominator.bit_length() - 1 - exponent
    if e > LARGEST_SHIFT:  # so near to 0 that the smallest multiplier will do
        return Multiplier(1, LARGEST_SHIFT)
    return Multiplier(numerator << max(-e, 0), max(e, 0))


def uses_scheme(multiplier: Multiplier, scheme: str) -> bool:
    """Whether the bits of m are those that `scheme` allows."""
    allowed = {"fixed-point": MULTIPLIER_BITS, "single-shift": 1, "double-shift": 2}
    return multiplier.m.bit_count() <= allowed[scheme]


@dataclass(frozen=True)
class Requantizer:
    """Multipliers of one tensor: `m` and `e` int64 (C,) for C channels, or (1,) for all of them."""

    m: Tensor
    e: Tensor

    @staticmethod
    def of(*multipliers: Multiplier) -> "Requantizer":
        m, e = zip(*((one.m, one.e) for one in multipliers), strict=True)
        return Requantizer(torch.tensor(m), torch.tensor(e))

    def multipliers(self) -> list[Multiplier]:
        return [Multiplier(m, e) for m, e in zip(self.m.tolist(), self.e.tolist(), strict=True)]


def requantize(
    accumulators: Tensor, requantizer: Requantizer, ties: Literal["away", "up"] = "away"
) -> Tensor:
    """round(a m / 2^e) for a (N, C, ...), channel by channel; int64, of the same shape.

    `accumulators` hold numbers of 32 bits. `ties` are rounded away from zero, or up.
    """
    shape = (1, -1, *[1] * (accumulators.ndim - 2))
    e = requantizer.e.view(shape)
    half = (1 << e) >> 1  # 0 for e = 0, where nothing is rounded
    products = accumulators.to(torch.int64) * requantizer.m.view(shape)
    tie_below = (e > 0).long() * (accumulators < 0) if ties == "away" else 0
    products += half - tie_below
    return products.bitwise_right_shift_(e)


def _checked(real: float) -> float:
    if not 0 <= real <= LARGEST_REAL:
        raise ConversionError(
            f"A requantization would multiply by {real:g}, but an integer multiplier holds 0 to "
            "2^30: the scales of this model do not go together, so calibrate it again."
        )
    return real
