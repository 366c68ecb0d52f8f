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

Half is added before the shift, which rounds ties up, unlike `torch.round`. The released code
handles M up to 1 and fails beyond; here p may be negative. It can fail with a `ValueError`: another
kind, a factor that is not positive, one out of reach of a shift.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

KINDS = ("fixed-point", "single-shift", "double-shift")
MANTISSA_LARGEST = 2**15 - 1
PRECISION = 0.98
EXPONENTS = range(-8, 41)


@dataclass(frozen=True)
class Rescaling:
    """`mantissa` and `shift` int64, one of each per output channel (C,); `rest` float64 (C,)."""

    mantissa: Tensor
    shift: Tensor
    rest: Tensor

    @property
    def factor(self) -> Tensor:
        """mantissa 2^-shift, float64 (C,)."""
        return torch.ldexp(self.mantissa.double(), -self.shift)

    def __call__(self, accumulators: Tensor) -> Tensor:
        """int64 (N, C, ...) to int64: times the factor, to the nearest integer, ties up."""
        shape = (-1,) + (1,) * (accumulators.ndim - 2)
        shift, mantissa = self.shift.reshape(shape), self.mantissa.reshape(shape)
        right = shift.clamp(min=0)
        half = (1 << right) >> 1  # none where nothing is shifted out
        product = accumulators * mantissa << (-shift).clamp(min=0)
        return (product + half) >> right


def rescaling(factors: Tensor, kind: str) -> Rescaling:
    """`factors` (C,), positive, as numbers that hardware multiplies by. Raises `ValueError`."""
    factors = factors.double()
    if kind not in KINDS:
        raise ValueError(f"There is no scaling {kind!r}; choose one of {', '.join(KINDS)}.")
    if not bool(((factors > 0) & factors.isfinite()).all()):
        raise ValueError("A factor between layers that is not a positive number cannot be shifted.")
    if kind == "fixed-point":
        shift = int((MANTISSA_LARGEST / factors.max()).log2().floor())
        mantissa = torch.ldexp(factors, torch.tensor(shift)).round().long()
        return Rescaling(mantissa, torch.full_like(mantissa, shift), torch.ones_like(factors))
    mantissas, shifts = _single() if kind == "single-shift" else _double()
    table, order = torch.ldexp(mantissas.double(), -shifts).sort()
    position = torch.searchsorted(table, PRECISION * factors)
    if int(position.max()) >= len(table):
        raise ValueError(f"The factor {float(factors.max()):g} is out of reach of a {kind}.")
    chosen = order[position]
    rest = (factors / table[position]).clamp(max=1)
    return Rescaling(mantissas[chosen], shifts[chosen], rest)


def _single() -> tuple[Tensor, Tensor]:
    shifts = torch.tensor(EXPONENTS)
    return torch.ones_like(shifts), shifts


def _double() -> tuple[Tensor, Tensor]:
    """2^-n + 2^-m, n < m, as (2^(m - n) + 1) 2^-m; m - n at most 12, then it is a single one."""
    pairs = [(2 ** (m - n) + 1, m) for n in EXPONENTS for m in range(n + 1, n + 13)]
    mantissas, shifts = (torch.tensor(column) for column in zip(*pairs, strict=True))
    return mantissas, shifts
