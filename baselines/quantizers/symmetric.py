"""The handout's symmetric weights: s = max|w| / 2^(b-1), with its straight-through estimator."""

from torch import Tensor

from baselines.quantizers.renewed import RenewedScale


def symmetric_scale(weight: Tensor, bits: int) -> Tensor:
    """The step, a positive scalar; the largest weight itself is clipped by up to one step."""
    return weight.abs().max() / 2 ** (bits - 1)


class Symmetric(RenewedScale):
    """`weight` is where the scale starts."""

    def __init__(self, weight: Tensor, bits: int) -> None:
        super().__init__(weight, bits, symmetric_scale, clipped=False)
