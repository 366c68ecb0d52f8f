"""From an accumulator to the next layer's codes in integers: y = floor(acc m / 2^p + 1/2).

The factor M = s_x s_w / s_y is a real number; hardware has a multiplication and a shift. N2D2 has
three ways to replace M (CEA LIST, slides "Activation scaling factor approximation"):

    fixed-point   m 2^-p         m of 15 bits, one p per layer
    single-shift  2^-p           no multiplication
    double-shift  2^-n + 2^-m    an addition

A shift is the smallest of its kind that is at least 0.98 M. Its excess is multiplied into weights
and bias before these are rounded (`rest`, at most 1). Therefore at most 2 % of the gain of a
channel is lost, and a weight uses at least half its range. For the single shift that is the
released code's rule: p = ceil(log2 1/M) where that has a precision of 0.98, else one less.

Ties are rounded up, unlike by `torch.round`: half is added before the shift. The released code
handles M up to 1 and fails beyond; here that is a factor m above 1 without a shift.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from baselines.integer_only.requantize import (
    LARGEST_REAL,
    LARGEST_SHIFT,
    SCHEMES,
    Requantizer,
    multiplier_at_least,
    requantize,
)

MANTISSA_LARGEST = 2**15 - 1
PRECISION = 0.98


@dataclass(frozen=True)
class Rescaling:
    """Holds `multipliers` m 2^-p and `rest` float64 (C,), one of each per output channel."""

    multipliers: Requantizer
    rest: Tensor

    @property
    def factor(self) -> Tensor:
        """The factor m 2^-p, float64 (C,)."""
        return torch.ldexp(self.multipliers.m.double(), -self.multipliers.e)

    def __call__(self, accumulators: Tensor) -> Tensor:
        """Return int64 (N, C, ...) times the factor, rounded to integers, ties up."""
        return requantize(accumulators, self.multipliers, ties="up")


def choose_rescaling(factors: Tensor, kind: str) -> Rescaling:
    """Return positive `factors` (C,) as numbers that hardware multiplies by.

    Raise `ValueError` for another kind, and for a factor that is not positive or out of reach.
    """
    factors = factors.double()
    if kind not in SCHEMES:
        raise ValueError(f"There is no scaling {kind!r}; choose one of {', '.join(SCHEMES)}.")
    if not bool(((factors > 0) & factors.isfinite()).all()):
        raise ValueError("Expected positive finite factors between layers.")
    largest = float(factors.max())
    if largest > (MANTISSA_LARGEST if kind == "fixed-point" else LARGEST_REAL):
        raise ValueError(f"The factor {largest:g} is too large for {kind}.")
    if kind == "fixed-point":
        shift = min(int((MANTISSA_LARGEST / factors.max()).log2().floor()), LARGEST_SHIFT)
        mantissa = torch.ldexp(factors, torch.tensor(shift)).round().long()
        multipliers = Requantizer(mantissa, torch.full_like(mantissa, shift))
        return Rescaling(multipliers, torch.ones_like(factors))
    least = [multiplier_at_least(PRECISION * factor, kind) for factor in factors.tolist()]
    multipliers = Requantizer.of(*least)
    multiplied = torch.tensor([float(each) for each in least], dtype=torch.float64)
    return Rescaling(multipliers, (factors / multiplied).clamp(max=1))
