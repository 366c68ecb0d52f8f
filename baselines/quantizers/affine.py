"""A grid with a zero point, for a whole tensor or for each output channel, chosen once.

    x_int = clamp(round(x / s) - z, low, high)        x^ = s (x_int + z)

z has the sign of the handout; ONNX has the other. ZeroQ's released code rounds x / s - z at once,
which differs at ties where z is odd. `affine_grid` is the grid of ZeroQ and SQuant, from the
smallest to the largest number. It contains 0, so that padding and dead weights stay exact.
"""

import torch
from torch import Tensor

from baselines.quantizers.base import Quantizer, signed_codes

MANTISSA_BITS = 12


class Affine(Quantizer):
    """Quantizes at constant scales and zero points: scalars, or (out, 1, ...) per channel."""

    scale_value: Tensor
    zero_point: Tensor

    def __init__(self, low: int, high: int, scale: Tensor, zero_point: Tensor | None = None):
        """Keep the scale. Raise `ValueError` if it is not positive and finite."""
        super().__init__(low, high)
        if not bool(((scale > 0) & scale.isfinite()).all()):
            raise ValueError("Expected positive finite scales.")
        self.register_buffer("scale_value", scale)
        zero = torch.zeros_like(scale) if zero_point is None else zero_point
        self.register_buffer("zero_point", zero)

    @property
    def scale(self) -> Tensor:
        """The step, positive."""
        return self.scale_value

    def to_grid(self, x: Tensor) -> Tensor:
        """Return x / s - z: real numbers in units of the step, where codes are integers."""
        return x / self.scale - self.zero_point

    def from_codes(self, codes: Tensor) -> Tensor:
        """Return s (x_int + z) for codes of any dtype."""
        return (codes + self.zero_point) * self.scale

    @torch.no_grad()
    def codes(self, x: Tensor) -> Tensor:
        """Return the codes, int16, of the shape of `x`."""
        return self._codes(x).to(torch.int16)

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` on the grid."""
        return self.from_codes(self._codes(x))

    def _codes(self, x: Tensor) -> Tensor:
        return (x / self.scale).round().sub(self.zero_point).clamp(self.low, self.high)


class Unquantized(Quantizer):
    """Leaves a tensor in floating point: all integers of float32, at step 0."""

    def __init__(self) -> None:
        """Set the widest range of codes."""
        super().__init__(-(2**24), 2**24)

    @property
    def scale(self) -> Tensor:
        """The step, 0."""
        return torch.zeros(())

    def forward(self, x: Tensor) -> Tensor:
        """Return `x`."""
        return x


def affine_grid(weight: Tensor, bits: int) -> Affine:
    """Return the weight grid of ZeroQ and SQuant: signed, per output channel.

    s = (max - min) / (2^b - 1) and z = round(min / s) + 2^(b-1). A channel of zeros has step 1.
    """
    rows = weight.detach().flatten(1)
    least, largest = rows.amin(1).clamp(max=0), rows.amax(1).clamp(min=0)
    scale = (largest - least) / (2**bits - 1)
    scale = torch.where(scale > 0, scale, torch.ones_like(scale))
    low, high = signed_codes(bits)
    zero_point = (least / scale).round() - low
    shape = (-1,) + (1,) * (weight.ndim - 1)
    return Affine(low, high, scale.reshape(shape), zero_point.reshape(shape))


def short_scale(scale: float) -> Tensor:
    """Return the nearest number of 12 significant bits, a scalar float32.

    Products of two such scales with integers below 2^29 are float64 numbers. Therefore an integer
    layer and its fake-quantized twin agree to the last bit. A scale moves by at most 1/8192.
    """
    mantissa, exponent = torch.frexp(torch.tensor(scale, dtype=torch.float64))
    return torch.ldexp((mantissa * 2**MANTISSA_BITS).round(), exponent - MANTISSA_BITS).float()
