"""The clipped straight-through estimator: the identity inside the grid, nothing outside.

It is the gradient of the clamp alone, with rounding passed over (Yin et al. 2019 prove that it
descends where the plain estimator need not). Post-training quantization ends with it as well: its
scales were chosen once and stay. Inputs are divided by the scale, as integer inference does; times
1/s would round other ties.
"""

from torch import Tensor

from baselines.quantizers.base import round_through
from baselines.quantizers.ste import StraightThrough


class ClippedStraightThrough(StraightThrough):
    """At a constant scale; dy/dx = 1 for low < x / s < high and 0 beyond.

    On the two bounds it is that of `torch.clamp`, which has not been the same in every release.
    """

    def forward(self, x: Tensor) -> Tensor:
        inside = (x.to(self.scale.dtype) / self.scale).clamp(self.low, self.high)
        return round_through(inside) * self.scale
