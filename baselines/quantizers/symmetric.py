"""The handout's symmetric weights: s = max|w| / 2^(b-1), with its straight-through estimator."""

from torch import Tensor

from baselines.quantizers.formula_scale import FormulaScale


def symmetric_scale(weight: Tensor, bits: int) -> Tensor:
    """Return the step, a positive scalar; it clips the largest weight by up to one step."""
    return weight.abs().max() / 2 ** (bits - 1)


class Symmetric(FormulaScale):
    """Quantizes weights at the scale of their largest magnitude."""

    def __init__(self, weight: Tensor, bits: int) -> None:
        """Start at the scale of `weight`."""
        super().__init__(weight, bits, symmetric_scale, clipped=False)
