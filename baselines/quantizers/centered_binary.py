"""One bit on the signed grid: codes -1 and 0, and latent weights whose zero is between them.

The grid of `signed_codes(1)` is {-1, 0}. Rounded like any other, every positive weight is beyond
the larger code and has no gradient, so that half of the weights never move. Here the code is -1 for
w < 0 and 0 otherwise, which is round(w/s - 1/2), and the gradient passes for |w| < s:

    w~ = s (sign(w) - 1) / 2

The values are s/2 sign(w), as in a binary network (XNOR-Net, Rastegari et al. 2016), less s/2 in
every weight. That part is the same for all output channels, and the following batch norm cancels
its effect on their means. The step starts at 2 E|w|, XNOR-Net's optimum.
"""

import torch
from torch import Tensor

from baselines.quantizers.base import straight_through
from baselines.quantizers.lsq import LearnedStep


class CenteredBinary(LearnedStep):
    """Quantizes weights to one bit at a learned step."""

    def __init__(self, like: Tensor) -> None:
        """Start at the step of the tensor `like`."""
        scale = 2 * float(like.detach().abs().mean())
        super().__init__(-1, 0, scale or 1.0, like.numel())

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` on the grid."""
        step = self.learning_step()
        shifted = (x.to(step.dtype) / step).clamp(-1, 1) - 0.5
        return straight_through(shifted.round().clamp(-1, 0), shifted) * step

    @torch.no_grad()
    def codes(self, x: Tensor) -> Tensor:
        """Return the codes, int16, of the shape of `x`."""
        shifted = (x / self.scale).clamp(-1, 1) - 0.5
        return shifted.round().clamp(-1, 0).to(torch.int16)
