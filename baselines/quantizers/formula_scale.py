"""Weights whose scale is a formula of the weights, computed in every pass of a training."""

from collections.abc import Callable

from torch import Tensor

from baselines.quantizers.base import Quantizer, round_through, signed_codes, straight_through

Formula = Callable[[Tensor, int], Tensor]  # (weight, bits) -> positive scalar


class FormulaScale(Quantizer):
    """Quantizes to signed codes at the scale `formula(weight, bits)`, without its gradient.

    `clipped` chooses the gradient of a weight beyond the grid: that of the clamp (none), or that of
    the identity. In evaluation mode the scale is that of the last pass in training mode.
    """

    last_scale: Tensor

    def __init__(self, weight: Tensor, bits: int, formula: Formula, clipped: bool) -> None:
        """Start at the scale of `weight`."""
        super().__init__(*signed_codes(bits))
        self.bits, self.formula, self.clipped = bits, formula, clipped
        self.register_buffer("last_scale", formula(weight.detach(), bits))

    @property
    def scale(self) -> Tensor:
        """The step of the last pass in training mode."""
        return self.last_scale

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` on the grid."""
        if self.training:
            self.last_scale.copy_(self.formula(x.detach(), self.bits))
        scale = self.last_scale.clone()
        if self.clipped:
            return round_through((x / scale).clamp(self.low, self.high)) * scale
        quantized = (x / scale).round().clamp(self.low, self.high) * scale
        return straight_through(quantized, x)
