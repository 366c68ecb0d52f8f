"""Requantization: an accumulator times a real multiplier, in integers alone.

After an integer convolution the accumulator has the scale s_x s_w and the next tensor the scale
s_y. The accumulator is therefore multiplied by M = s_x s_w / s_y, with batch norm by M = s_x s_w
gamma / (sigma s_y). Integers approximate M:

    M ~ m 2^-e,    y = round(a m / 2^e) = (a m + 2^(e-1) - [a < 0]) >> e

with ties **rounded away from zero**, as C's `round` does: symmetric in the sign, and in hardware
one addition more than a shift. The scheme restricts m:

* "fixed-point": 31 bits, normalized to 2^30 <= m < 2^31; |M - m 2^-e| <= 2^-31 M. HAWQ-V3's dyadic
  number (Yao et al. 2021, section 3.1), which rounds ties up instead.
* "single-shift": one bit, m = 2^k. There is no multiplication.
* "double-shift": two bits, m = 2^j + 2^k: a shift, an addition, a shift.

A power of two misses M by up to a factor of two. The rest M / (m 2^-e) <= 1 is multiplied into the
weights before they are rounded (N2D2's export has these three schemes). Therefore there are
`multiplier_at_least` for the shifts and `nearest_multiplier` for fixed-point.

a is an int32, m < 2^31 and e <= 62, so that a m + 2^(e-1) is an int64 without overflow.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from baselines.errors import ConversionError

SCHEMES = ("fixed-point", "single-shift", "double-shift")
MULTIPLIER_BITS = 31  # of a positive int32
LARGEST_SHIFT = 62
LARGEST_REAL = 2**30  # what is nearest to it, or the next power of two, still has 31 bits
LONGEST_SECOND_SHIFT = 15  # of two shifts, the second at most so much further than the first


@dataclass(frozen=True)
class Multiplier:
    """The number m 2^-e, with 0 <= m < 2^31 and 0 <= e <= 62."""

    m: int
    e: int

    def __post_init__(self) -> None:
        """Raise `ConversionError` outside these ranges."""
        if not (0 <= self.m < 2**MULTIPLIER_BITS and 0 <= self.e <= LARGEST_SHIFT):
            raise ConversionError(
                f"Expected a multiplier m 2^-e with m of 31 bits and e of at most 62, got {self.m} "
                f"* 2^-{self.e}."
            )

    def __float__(self) -> float:
        """Return m 2^-e."""
        return math.ldexp(self.m, -self.e)


def nearest_multiplier(real: float) -> Multiplier:
    """Return the nearest fixed-point multiplier to `real` >= 0.

    Below 2^-32 fewer than 31 bits are left, and below 2^-63 none. Raise `ConversionError` for a
    number that is negative, not finite or above 2^30.
    """
    mantissa, exponent = math.frexp(_checked(real))  # real = mantissa 2^exponent, in [1/2, 1)
    e = min(MULTIPLIER_BITS - exponent, LARGEST_SHIFT)
    m = round(math.ldexp(mantissa, exponent + e))
    if m == 2**MULTIPLIER_BITS:  # rounded up to the next power of two
        m, e = m // 2, e - 1
    return Multiplier(m, e)


def multiplier_at_least(real: float, scheme: str) -> Multiplier:
    """Return the smallest multiplier of a shift `scheme` that is at least `real` >= 0.

    One shift: 2^k. Two: 2^k too, or 2^k + 2^(k-d) for d of 1 to 15. Raise `ConversionError` as
    above.
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
    """Return whether the bits of m are those that `scheme` allows."""
    allowed = {"fixed-point": MULTIPLIER_BITS, "single-shift": 1, "double-shift": 2}
    return multiplier.m.bit_count() <= allowed[scheme]


@dataclass(frozen=True)
class Requantizer:
    """Multipliers of one tensor: `m` and `e` int64 (C,) for C channels, or (1,) for all of them."""

    m: Tensor
    e: Tensor

    @staticmethod
    def of(*multipliers: Multiplier) -> "Requantizer":
        """Return a requantizer of these multipliers."""
        m, e = zip(*((each.m, each.e) for each in multipliers), strict=True)
        return Requantizer(torch.tensor(m), torch.tensor(e))

    def multipliers(self) -> list[Multiplier]:
        """Return the multipliers as a list."""
        return [Multiplier(m, e) for m, e in zip(self.m.tolist(), self.e.tolist(), strict=True)]


def requantize(
    accumulators: Tensor, requantizer: Requantizer, ties: Literal["away", "up"] = "away"
) -> Tensor:
    """Return round(a m / 2^e) for a (N, C, ...), channel by channel, int64.

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
            f"Expected a requantization factor of 0 to 2^30, got {real:g}: the scales of this "
            "model do not fit together, so calibrate it again."
        )
    return real
