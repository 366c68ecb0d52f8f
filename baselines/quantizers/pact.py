"""Parameterized clipping activation (PACT; Choi et al. 2018) for inputs after a ReLU.

y = 0.5 (|x| - |x - alpha| + alpha), equation (1), on the grid of the codes 0..2^b - 1. The gradient
of alpha is 1 where x reaches it and 0 below (section 3.1); unlike in LSQ, rounding adds nothing to
it. Alpha decays like a weight (section 3.2), which keeps the range from growing.
"""

import torch
from torch import Tensor, nn

from baselines.quantizers.base import Quantizer, straight_through


class ParameterizedClipping(Quantizer):
    """Quantizes at the scale alpha / high, unsigned; alpha is a parameter."""

    def __init__(self, high: int, scale: float) -> None:
        """Start at `scale`."""
        super().__init__(0, high)
        self.alpha = nn.Parameter(torch.tensor(scale * high))

    @property
    def scale(self) -> Tensor:
        """The step, without a gradient."""
        return self.alpha.detach().abs() / self.high

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` on the grid."""
        alpha, scale = self.alpha.abs(), self.scale
        x = x.to(alpha.dtype)
        clipped = torch.where(x < alpha, x.clamp(min=0), alpha)
        return straight_through((clipped / scale).round() * scale, clipped)
