"""Learned step size quantization (LSQ; Esser et al., ICLR 2020).

The step is a parameter. Its gradient, equation (3), is x_int - x/s inside the grid and the
outermost code outside, times 1/sqrt(N Q_p) (section 2.2). N is the number of weights of the layer,
or of its inputs for one image. Inputs have the gradient of the clamp, equation (5).
"""

import math

import torch
from torch import Tensor, nn

from baselines.quantizers.base import Quantizer, round_through, straight_through


class LearnedStep(Quantizer):
    """Quantizes at a step that is a parameter."""

    def __init__(self, low: int, high: int, scale: float, elements: int) -> None:
        """Start at `scale`; `elements` is N of the gradient scale."""
        super().__init__(low, high)
        self.step = nn.Parameter(torch.tensor(scale))
        self.gradient_scale = 1 / math.sqrt(elements * max(high, 1))

    @property
    def scale(self) -> Tensor:
        """The step, positive even after an update moved the parameter across zero."""
        return self.step.abs()

    def learning_step(self) -> Tensor:
        """Return the step, with its gradient times 1/sqrt(N Q_p)."""
        scaled = self.scale * self.gradient_scale
        return straight_through(self.scale, scaled)

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` on the grid."""
        step = self.learning_step()
        inside = (x.to(step.dtype) / step).clamp(self.low, self.high)
        return round_through(inside) * step
