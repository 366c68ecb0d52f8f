"""Weights whose scale is a formula of the weights, renewed in every forward pass of a training."""

from collections.abc import Callable

from torch import Tensor

from baselines.quantizers.base import Quantizer, round_through

Formula = Callable[[Tensor, int], Tensor]  # (weight, bits) -> positive scalar


class RenewedScale(Quantizer):
    """Signed codes of `bits` bits at the scale `formula(weight, bits)`, which gets no gradient.

    `clipped` chooses what a weight beyond the grid gets: the gradient of the clamp (none), or that
    of the identity. In evaluation mode the scale stays that of the last pass in training mode.
    """

    last_scale: Tensor

    def __init__(self, weight: Tensor, bits: int, formula: Formula, clipped: bool) -> None:
        super().__init__(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        self.bits, self.formula, self.clipped = bits, formula, clipped
        self.register_buffer("last_scale", formula(weight.detach(), bits))

    @property
    def scale(self) -> Tensor:
        return self.last_scale

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.last_scale.copy_(self.formula(x.detach(), self.bits))
        scale = self.last_scale.clone()
        if self.clipped:
            return round_through((x / scale).clamp(self.low, self.high)) * scale
        quantized = (x / scale).round().clamp(self.low, self.high) * scale
        return x + (quantized - x).detach()
