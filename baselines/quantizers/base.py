"""What all fake quantizers share: a grid of integer codes low..high times one positive scale."""

import torch
from torch import Tensor, nn


class Quantizer(nn.Module):
    """Fake quantization of one tensor: s * clamp(round(x / s), low, high), z = 0, ties to even.

    Subclasses give `scale` (a positive scalar) and `forward`, and differ in how the scale is found
    and in the gradients that they let through. `forward` takes a floating-point tensor of any shape
    and returns one in the precision of the scale; `codes` gives the integers that it rounds to.
    Raises `ValueError` for a grid that does not hold zero.

    They are written in plain operators: torch.compile fuses them with what stands around them, so
    that a training step costs little more than one in floating point (`benchmarks/training.py`).
    """

    def __init__(self, low: int, high: int) -> None:
        super().__init__()
        if not (low <= 0 <= high and low < high):
            raise ValueError(f"Codes from {low} to {high} make no grid around zero.")
        self.low, self.high = low, high

    @property
    def scale(self) -> Tensor:
        raise NotImplementedError

    @torch.no_grad()
    def codes(self, x: Tensor) -> Tensor:
        """int16, same shape as `x`."""
        return (x / self.scale).round().clamp(self.low, self.high).to(torch.int16)


def signed_codes(bits: int) -> tuple[int, int]:
    """Of weights: -2^(b-1) .. 2^(b-1) - 1."""
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def unsigned_codes(bits: int) -> tuple[int, int]:
    """Of what a ReLU leaves: 0 .. 2^b - 1."""
    return 0, 2**bits - 1


def round_through(x: Tensor) -> Tensor:
    """Rounds to the nearest integer, ties to even; the gradient is that of the identity."""
    return x + (x.round() - x).detach()
