"""Scale-adjusted training (SAT; Jin, Yang and Liao 2019), N2D2's second method besides LSQ.

Weights as in DoReFa, w~ = tanh(w) / max|tanh(w)| in [-1, 1], rounded, and then scaled so that the
layer's outputs keep the variance that they should have: times 1 / sqrt(n_out Var[w^]), n_out the
number of outputs that an input has a part in. Without that the largest weight would decide the
gain of a layer, and the gradients of the layers below with it.

Activations as in PACT, with the gradient of alpha calibrated: the rounded value less the value
inside the range (PACT has 0) and 1 beyond it.

DoReFa rounds to the odd multiples of 1 / (2^b - 1), which have no zero and need b + 1 bits on a
grid that has one; here the grid is the handout's, w~ 2^(b-1) in codes -2^(b-1) .. 2^(b-1) - 1, so
that a trained network fits the kit's format.
"""

import math

import torch
from torch import Tensor

from baselines.quantizers.base import Quantizer, round_through, signed_codes
from baselines.quantizers.pact import ParameterizedClipping


class ScaleAdjusted(Quantizer):
    """Weights; `weight` is where the scale starts. It follows the weights in training mode."""

    last_scale: Tensor

    def __init__(self, weight: Tensor, bits: int) -> None:
        super().__init__(*signed_codes(bits))
        self.bits = bits
        self.register_buffer("last_scale", torch.ones(()))
        self.last_scale.copy_(self._renewed(weight.detach()))

    @property
    def scale(self) -> Tensor:
        return self.last_scale

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.last_scale.copy_(self._renewed(x.detach()))
        scale = self.last_scale.clone()
        inside = (_squashed(x) * 2 ** (self.bits - 1)).clamp(self.low, self.high)
        return round_through(inside) * scale

    @torch.no_grad()
    def codes(self, x: Tensor) -> Tensor:
        scaled = _squashed(x) * 2 ** (self.bits - 1)
        return scaled.round().clamp(self.low, self.high).to(torch.int16)

    @torch.no_grad()
    def _renewed(self, weight: Tensor) -> Tensor:
        """1 / sqrt(n_out Var[codes]); constant for the gradient. 1 where all codes are equal."""
        outputs = len(weight) * math.prod(weight.shape[2:])
        variance = self.codes(weight).double().var(correction=0)
        scale = (outputs * variance).rsqrt().to(weight.dtype)
        return scale if variance > 0 else torch.ones_like(scale)


def _squashed(weight: Tensor) -> Tensor:
    """tanh(w) / max|tanh(w)|; the maximum is a constant for the gradient."""
    squashed = torch.tanh(weight)
    largest = squashed.detach().abs().max()
    return squashed / torch.where(largest > 0, largest, torch.ones_like(largest))


class CalibratedClipping(ParameterizedClipping):
    """PACT's activations, alpha with another gradient."""

    def forward(self, x: Tensor) -> Tensor:
        scale = self.alpha.abs() / self.high
        return round_through((x.to(scale.dtype) / scale).clamp(0, self.high)) * scale
