"""Scale-adjusted training (SAT; Jin, Yang and Liao 2019), a training method of N2D2 besides LSQ.

Weights are as in DoReFa, w~ = tanh(w) / max|tanh(w)| in [-1, 1], rounded. They are then scaled by 1
/ sqrt(n_out Var[w^]) to keep the variance of the layer's outputs; n_out is the number of outputs
that an input contributes to. Without that, the largest weight would decide the gain of a layer, and
the gradients of the layers below.

Activations are as in PACT, with a calibrated gradient of alpha: the rounded value less the value
inside the range (0 in PACT), and 1 beyond it.

DoReFa rounds to odd multiples of 1 / (2^b - 1), which have no zero and need b + 1 bits on a grid
with zero. Here the grid is the handout's, w~ 2^(b-1) in codes -2^(b-1) .. 2^(b-1) - 1, so that a
trained network fits the kit's format.
"""

import math

import torch
from torch import Tensor

from baselines.quantizers.base import Quantizer, round_through, signed_codes
from baselines.quantizers.pact import ParameterizedClipping


class ScaleAdjusted(Quantizer):
    """Quantizes weights; the scale follows the weights in training mode."""

    last_scale: Tensor

    def __init__(self, weight: Tensor, bits: int) -> None:
        """Start at the scale of `weight`."""
        super().__init__(*signed_codes(bits))
        self.bits = bits
        self.register_buffer("last_scale", torch.ones(()))
        self.last_scale.copy_(self._renewed(weight.detach()))

    @property
    def scale(self) -> Tensor:
        """The step of the last pass in training mode."""
        return self.last_scale

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` on the grid."""
        if self.training:
            self.last_scale.copy_(self._renewed(x.detach()))
        scale = self.last_scale.clone()
        inside = (_squashed(x) * 2 ** (self.bits - 1)).clamp(self.low, self.high)
        return round_through(inside) * scale

    @torch.no_grad()
    def codes(self, x: Tensor) -> Tensor:
        """Return the codes, int16, of the shape of `x`."""
        scaled = _squashed(x) * 2 ** (self.bits - 1)
        return scaled.round().clamp(self.low, self.high).to(torch.int16)

    @torch.no_grad()
    def _renewed(self, weight: Tensor) -> Tensor:
        """Return 1 / sqrt(n_out Var[codes]) without gradient, 1 if all codes are equal."""
        outputs = len(weight) * math.prod(weight.shape[2:])
        variance = self.codes(weight).double().var(correction=0)
        scale = (outputs * variance).rsqrt().to(weight.dtype)
        return scale if variance > 0 else torch.ones_like(scale)


def _squashed(weight: Tensor) -> Tensor:
    """Return tanh(w) / max|tanh(w)|; the maximum has no gradient."""
    squashed = torch.tanh(weight)
    largest = squashed.detach().abs().max()
    return squashed / torch.where(largest > 0, largest, torch.ones_like(largest))


class CalibratedClipping(ParameterizedClipping):
    """Quantizes activations as PACT does, with a calibrated gradient of alpha."""

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` on the grid."""
        scale = self.alpha.abs() / self.high
        return round_through((x.to(scale.dtype) / scale).clamp(0, self.high)) * scale
