"""The base of all fake quantizers: a grid of integer codes low..high times one positive scale."""

import torch
from torch import Tensor, nn


class Quantizer(nn.Module):
    """Fake-quantizes one tensor: s * clamp(round(x / s), low, high), z = 0, ties to even.

    Subclasses define `scale`, a positive scalar, and `forward`. They differ in how the scale is
    found and in their gradients. `forward` takes a floating-point tensor of any shape and returns
    one in the precision of the scale; `codes` returns the integers that it rounds to.

    Forward passes are plain operators, so that torch.compile fuses them with their neighbors. A
    training step then costs little more than one in floating point (`benchmarks/training_step.py`).
    """

    def __init__(self, low: int, high: int) -> None:
        """Keep the range of codes. Raise `ValueError` if it does not contain zero."""
        super().__init__()
        if not (low <= 0 <= high and low < high):
            raise ValueError(f"Expected a range of codes around zero, got {low} to {high}.")
        self.low, self.high = low, high

    @property
    def scale(self) -> Tensor:
        """The step, a positive scalar."""
        raise NotImplementedError

    @torch.no_grad()
    def codes(self, x: Tensor) -> Tensor:
        """Return the codes, int16, of the shape of `x`."""
        return (x / self.scale).round().clamp(self.low, self.high).to(torch.int16)


def signed_codes(bits: int) -> tuple[int, int]:
    """Return the range of weights: -2^(b-1) .. 2^(b-1) - 1."""
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def unsigned_codes(bits: int) -> tuple[int, int]:
    """Return the range of inputs after a ReLU: 0 .. 2^b - 1."""
    return 0, 2**bits - 1


def straight_through(value: Tensor, x: Tensor) -> Tensor:
    """Return `value` with the gradient of `x`: the straight-through estimator."""
    return x + (value - x).detach()


def round_through(x: Tensor) -> Tensor:
    """Return `x` rounded to integers, ties to even, with the gradient of the identity."""
    return straight_through(x.round(), x)
