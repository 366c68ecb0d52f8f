"""The description of an integer-only ResNet-20, made of integers alone.

    pixels uint8 --table--> codes int8 --conv1--> stream
    block:   stream --rescale--> codes --conv1--> codes --conv2--> branch
             stream <- clamp(branch + shortcut(stream), 0, largest_stream)
    stream --sum over 8 x 8, rescale--> codes --fc--> logits int32

* **Codes** are unsigned, 0 .. 2^b - 1 at the input scale of the layer that reads them. Only the
  input of the network is signed: normalized pixels, int8, from a table by pixel value.
* **The stream** is what the shortcuts carry: 16 unsigned bits at one scale for the whole network,
  so that a residual addition needs no rescaling and a shortcut is never rounded. Its precision
  does not depend on the width of the codes.
* **A layer** adds a bias to a sum of products, both int32, and requantizes each channel. When a
  layer is made, the sum of its |weights| times the largest code proves that every accumulator and
  everything requantized fits int32. Nothing has to be checked while it runs.
* Clamping at 0 is the ReLU.

`scales` are the real values of the integers; no operation of the network needs them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from baselines.errors import ConversionError
from baselines.integer_only.requantize import Requantizer

INT32_LARGEST = 2**31 - 1
STREAM_BITS = 16
LARGEST_INPUT = 127  # of the signed codes of the network's input


@dataclass(frozen=True)
class Layer:
    """A convolution (3 x 3, padding 1) or the linear layer, on codes of at most `largest_code`.

    `weight` is int8 (out, in, 3, 3) or (out, in), `bias` int32 (out,). `requantizer` has a
    multiplier per channel, 1 where the sums are the logits.
    """

    name: str
    weight: Tensor
    bias: Tensor
    requantizer: Requantizer
    largest_code: int
    stride: int = 1

    def __post_init__(self) -> None:
        """Raise `ConversionError` if the layer could overflow int32."""
        if self.weight.dtype != torch.int8 or self.bias.dtype != torch.int32:
            raise ConversionError(
                f"Expected int8 weights and int32 biases in {self.name}, got {self.weight.dtype} "
                f"and {self.bias.dtype}: convert the model again."
            )
        bounds = self.accumulator_bounds()
        multipliers = self.requantizer.multipliers()
        results = [
            bound * float(multiplier) for bound, multiplier in zip(bounds, multipliers, strict=True)
        ]
        largest = max([*bounds, *results])
        if largest > INT32_LARGEST:
            raise ConversionError(
                f"An accumulator of {self.name} could reach {largest:.4g}, more than int32 holds: "
                "its scales are too small for its biases, so calibrate the model again."
            )

    def accumulator_bounds(self) -> list[int]:
        """Return the largest magnitude of a sum with bias, channel by channel."""
        sums = self.weight.long().abs().flatten(1).sum(1) * self.largest_code
        return (sums + self.bias.long().abs()).tolist()


@dataclass(frozen=True)
class Block:
    """A residual block: `rescale` turns the stream into the codes of `first`."""

    name: str
    rescale: Requantizer
    first: Layer
    second: Layer


@dataclass(frozen=True)
class IntegerNetwork:
    """The whole network; `input_codes` int8 (3, 256) by channel and pixel value.

    `scales` has "input", "stream", "logits" and the input scale of each other layer by its name.
    """

    dataset: str
    weight_bits: int
    act_bits: int
    scheme: str
    input_codes: Tensor
    conv1: Layer
    blocks: tuple[Block, ...]
    pool: Requantizer
    fc: Layer
    largest_stream: int
    scales: Mapping[str, float]

    @property
    def largest_code(self) -> int:
        """The largest unsigned code, 2^b - 1."""
        return 2**self.act_bits - 1

    def layers(self) -> list[Layer]:
        """Return all 20 layers in the order in which they run."""
        inner = [layer for block in self.blocks for layer in (block.first, block.second)]
        return [self.conv1, *inner, self.fc]
