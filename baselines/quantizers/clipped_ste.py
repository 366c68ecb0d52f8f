"""The clipped straight-through estimator: the identity inside the grid, no gradient outside.

Its gradient is that of the clamp alone, without rounding. Yin et al. 2019 prove that it descends
where the plain estimator need not. Post-training quantization uses it as well, with scales that
stay. Inputs are divided by the scale, as in integer inference; a product with 1/s would round other
ties.
"""

from torch import Tensor

from baselines.quantizers.base import round_through
from baselines.quantizers.ste import StraightThrough


class ClippedStraightThrough(StraightThrough):
    """Quantizes at a constant scale; dy/dx = 1 for low < x / s < high and 0 beyond.

    On the two bounds it is that of `torch.clamp`, which differs between releases.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` on the grid."""
        inside = (x.to(self.scale.dtype) / self.scale).clamp(self.low, self.high)
        return round_through(inside) * self.scale
