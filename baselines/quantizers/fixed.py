"""A scale that was chosen once and stays: what post-training quantization ends with.

The gradient is that of the clipped range (clipped straight-through estimator): 1 for what lies
between the outermost codes, 0 beyond, where the output no longer depends on the input.
"""

from typing import Any

import torch
from torch import Tensor

from baselines.quantizers.base import Quantizer


class FixedScale(Quantizer):
    """Fake quantization at a constant positive `scale`, kept as a buffer."""

    fixed: Tensor

    def __init__(self, scale: float, low: int, high: int) -> None:
        super().__init__(low, high)
        if not 0 < scale < float("inf"):
            raise ValueError(f"The scale {scale:g} makes no grid: give a positive number.")
        self.register_buffer("fixed", torch.tensor(scale, dtype=torch.float32))

    @property
    def scale(self) -> Tensor:
        return self.fixed

    def forward(self, x: Tensor) -> Tensor:
        return _ClippedRounding.apply(x, self.fixed, self.low, self.high)


class _ClippedRounding(torch.autograd.Function):
    """Divides by the scale, as integer inference does: times 1/s would round other ties."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, low: int, high: int) -> Tensor:
        codes = x / scale
        if ctx.needs_input_grad[0]:
            ctx.save_for_backward((codes >= low) & (codes <= high))
        return codes.round_().clamp_(low, high).mul_(scale)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        (inside,) = ctx.saved_tensors
        return grad * inside, None, None, None
