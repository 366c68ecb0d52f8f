"""Learned step size quantization (LSQ; Esser et al., ICLR 2020).

The step is a parameter. Its gradient, equation (3) of the paper, is x_int - x/s inside the grid and
the outermost code outside, times 1/sqrt(N Q_p) (section 2.2), where N is the number of weights of
the layer, or of its inputs for one image; inputs get the gradient of the clamp, equation (5).
"""

import math

import torch
from torch import Tensor, nn

from baselines.quantizers.base import Quantizer, round_through


class LearnedStep(Quantizer):
    """`elements` is the N of the gradient scale."""

    def __init__(self, low: int, high: int, scale: float, elements: int) -> None:
        super().__init__(low, high)
        self.step = nn.Parameter(torch.tensor(scale))
        self.gradient_scale = 1 / math.sqrt(elements * max(high, 1))

    @property
    def scale(self) -> Tensor:
        """The step, positive also when an update has carried the parameter across zero."""
        return self.step.abs()

    def learning_step(self) -> Tensor:
        """The step, with its gradient times 1/sqrt(N Q_p)."""
        scaled = self.scale * self.gradient_scale
        return scaled + (self.scale - scaled).detach()

    def forward(self, x: Tensor) -> Tensor:
        step = self.learning_step()
        inside = (x.to(step.dtype) / step).clamp(self.low, self.high)
        return round_through(inside) * step
