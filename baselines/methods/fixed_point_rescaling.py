"""From an accumulator to the next layer's codes with integers alone: y = floor(acc m / 2^p + 1/2).

The factor M = s_x s_w / s_y is a real number; hardware has a multiplication and a shift. N2D2 has
three ways to replace M (CEA LIST, slides "Activation scaling factor approximation"):

    fixed-point   m 2^-p         m of 15 bits, one p per layer
    single-shift  2^-p           no multiplication
    double-shift  2^-n + 2^-m    an addition

A shift is the least of its kind that is at least 0.98 M; what it is too large by is multiplied into
the weights and the bias before these are rounded (`rest`, at most 1). So at most 2 % of the gain of
a channel is lost, and a weight uses at least half its range. For the single shift that is the
released code's rule: p = ceil(log2 1/M) where that has a precision of 0.98, else one less.

Ties are rounded up, unlike by `torch.round`: half is added before the shift. The released code
handles M up to 1 and fails beyond; here that is a factor m above 1 without a shift. It can fail
with a `ValueError`: another kind, a factor that is not positive or that is out of reach.
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
    """`multipliers` m 2^-p, and `rest` float64 (C,), one of each per output channel."""

    multipliers: Requantizer
    rest: Tensor

    @property
    def factor(self) -> Tensor:
        """m 2^-p, float64 (C,)."""
        return torch.ldexp(self.multipliers.m.double(), -self.multipliers.e)

    def __call__(self, accumulators: Tensor) -> Tensor:
        """int64 (N, C, ...) to int64: times the factor, to the nearest integer, ties up."""
        return requantize(accumulators, self.multipliers, ties="up")


def rescaling(factors: Tensor, kind: str) -> Rescaling:
    """`factors` (C,), positive, as numbers that hardware multiplies by. Raises `ValueError`."""
    factors = factors.double()
    if kind not in SCHEMES:
        raise ValueError(f"There is no scaling {kind!r}; choose one of {', '.join(SCHEMES)}.")
    if not bool(((factors > 0) & factors.isfinite()).all()):
        raise ValueError("A factor between layers that is not a positive number cannot be shifted.")
    largest = float(factors.max())
    if largest > (MANTISSA_LARGEST if kind == "fixed-point" else LARGEST_REAL):
        raise ValueError(f"The factor {largest:g} is out of reach of a {kind}.")
    if kind == "fixed-point":
        shift = min(int((MANTISSA_LARGEST / factors.max()).log2().floor()), LARGEST_SHIFT)
        mantissa = torch.ldexp(factors, torch.tensor(shift)).round().long()
        multipliers = Requantizer(mantissa, torch.full_like(mantissa, shift))
        return Rescaling(multipliers, torch.ones_like(factors))
    least = [multiplier_at_least(PRECISION * factor, kind) for factor in factors.tolist()]
    multipliers = Requantizer.of(*least)
    made = torch.tensor([float(one) for one in least], dtype=torch.float64)
    return Rescaling(multipliers, (factors / made).clamp(max=1))
