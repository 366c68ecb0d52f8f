"""The clipped straight-through estimator: the identity inside the grid, nothing outside.

It is the gradient of the clamp alone, with rounding passed over (Yin et al. 2019 prove that it
descends where the plain estimator need not).
"""

from torch import Tensor

from baselines.quantizers.base import round_through
from baselines.quantizers.ste import StraightThrough


class ClippedStraightThrough(StraightThrough):
    """At a constant scale; dy/dx = 1 for low <= x / s <= high and 0 elsewhere."""

    def forward(self, x: Tensor) -> Tensor:
        inside = (x.to(self.scale.dtype) / self.scale).clamp(self.low, self.high)
        return round_through(inside) * self.scale
