"""Statistics-aware weight binning (SAWB; Choi et al., MLSys 2019).

alpha* = c1 sqrt(E[w^2]) - c2 E|w|, equation (5) of the handout, and s = alpha* / 2^(b-1). The pairs
of coefficients are a least-squares fit of the clip of least error on the grid -2^(b-1)..2^(b-1) -
1. Published pairs were fitted for other grids. Weights of nearly constant magnitude, where alpha*
is not positive, use their largest magnitude instead. Outside the grid there is no gradient.
"""

import torch
from torch import Tensor

from baselines.quantizers.formula_scale import FormulaScale

COEFFICIENTS = {
    2: (4.765, 3.342),
    3: (8.411, 7.537),
    4: (12.907, 12.803),
    5: (17.786, 18.498),
    6: (22.920, 24.484),
    7: (28.164, 30.620),
    8: (33.426, 36.818),
}


def sawb_scale(weight: Tensor, bits: int) -> Tensor:
    """Return the step, a positive scalar. Raise `ValueError` for other bit widths."""
    if bits not in COEFFICIENTS:
        raise ValueError(
            f"SAWB has no coefficients for {bits} bits; choose from {list(COEFFICIENTS)}."
        )
    c1, c2 = COEFFICIENTS[bits]
    magnitude = weight.abs()
    alpha = c1 * weight.square().mean().sqrt() - c2 * magnitude.mean()
    return torch.where(alpha > 0, alpha, magnitude.max()) / 2 ** (bits - 1)


class StatisticsAwareBinning(FormulaScale):
    """Quantizes weights at the scale of SAWB."""

    def __init__(self, weight: Tensor, bits: int) -> None:
        """Start at the scale of `weight`."""
        super().__init__(weight, bits, sawb_scale, clipped=True)
