"""A learned step for reconstruction, and QDrop: some elements stay in floating point at times.

The gradient of the step is that of LSQ (Esser et al. 2020): code - x/s inside the range, the
outermost code beyond it. The parameter is log s, so that the learning rate is relative and the step
stays positive. With `drop` above 0, each element stays unquantized with that probability in every
training step (Wei et al. 2022). Layers learn to work with and without errors of their inputs, which
makes the loss flatter around the calibration images.
"""

import torch
from torch import Tensor, nn

from baselines.quantizers.base import Quantizer


class DroppingStep(Quantizer):
    """Quantizes at a learned step; in evaluation mode nothing is dropped."""

    zero_point: Tensor

    def __init__(self, scale: float, low: int, high: int, drop: float = 0.0) -> None:
        """Start at `scale`."""
        super().__init__(low, high)
        self.drop = drop
        self.log_scale = nn.Parameter(torch.tensor([scale], dtype=torch.float32).log())
        self.register_buffer("zero_point", torch.zeros(1), persistent=False)

    @property
    def scale(self) -> Tensor:
        """The step, positive."""
        return self.log_scale.exp()[0]

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` on the grid, in training mode with dropped elements."""
        if not self.training:
            return (x / self.scale).round().clamp(self.low, self.high) * self.scale
        quantized = torch._fake_quantize_learnable_per_tensor_affine(
            x, self.log_scale.exp(), self.zero_point, self.low, self.high, 1.0
        )
        if self.drop == 0:
            return quantized
        return torch.where(torch.rand_like(x) < self.drop, x, quantized)
