"""Run an integer-only network: every tensor of it is an integer tensor.

`trace` yields the tensors by name in the order of computation, and `run` returns the last one. The
two operations that multiply many numbers are in `Kernels`:

* `INSTRUCTIONS` are PyTorch's int32 operators, without any floating-point operation. A test checks
  every operator of `run` for that.
* `FAST` are those of `quantlab.arithmetic.integer_kernels`: the same integers, proved exact, by the
  fastest arithmetic unit, bytes or floating point.

Everything else is additions, shifts, products and comparisons of integers. Nothing can overflow:
the graph has bounded every sum (`baselines.integer_only.graph`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from baselines.integer_only.graph import IntegerNetwork, Layer
from baselines.integer_only.requantize import requantize
from quantlab.arithmetic.integer_kernels import integer_conv2d, integer_linear

BATCH_SIZE = 50  # int64 products of more images leave the cache


@dataclass(frozen=True)
class Kernels:
    """`conv2d(codes, weight, stride=, padding=)` and `linear(codes, weight)`, int32 to int32."""

    conv2d: Callable[..., Tensor]
    linear: Callable[..., Any]


INSTRUCTIONS = Kernels(F.conv2d, F.linear)
FAST = Kernels(integer_conv2d, integer_linear)


def run(
    network: IntegerNetwork, pixels: Tensor, kernels: Kernels = FAST, batch_size: int = BATCH_SIZE
) -> Tensor:
    """Return logits, int32 (N, 10), for uint8 (N, 3, 32, 32).

    Their unit is `network.scales["logits"]`.
    """
    batches = []
    for batch in pixels.split(batch_size):
        *_, (_, logits) = trace(network, batch, kernels)
        batches.append(logits)
    return torch.cat(batches)


def trace(
    network: IntegerNetwork, pixels: Tensor, kernels: Kernels = FAST
) -> Iterator[tuple[str, Tensor]]:
    """Yield (name, int32 tensor) for every tensor of the network on uint8 (N, 3, 32, 32).

    The names are "input", then "conv1" for the stream after it; for each block "<block>.codes",
    "<block>.conv1" (codes), "<block>.conv2" (the branch), "<block>" (the stream after it); "pool"
    (codes), "logits".
    """
    codes = _input_codes(network, pixels)
    yield "input", codes
    stream = _clamp(_layer(network.conv1, codes, kernels), network.largest_stream)
    yield "conv1", stream
    for block in network.blocks:
        codes = _clamp(requantize(stream, block.rescale), network.largest_code)
        yield f"{block.name}.codes", codes
        codes = _clamp(_layer(block.first, codes, kernels), network.largest_code)
        yield block.first.name, codes
        branch = _layer(block.second, codes, kernels)
        yield block.second.name, branch.to(torch.int32)
        shortcut = _shortcut(stream, block.first)
        stream = _clamp(branch.add_(shortcut), network.largest_stream)
        yield block.name, stream
    sums = stream.sum((2, 3), dtype=torch.int32)
    codes = _clamp(requantize(sums, network.pool), network.largest_code)
    yield "pool", codes
    sums = kernels.linear(codes, network.fc.weight.to(torch.int32)) + network.fc.bias
    yield "logits", requantize(sums, network.fc.requantizer).to(torch.int32)


def largest_magnitudes(network: IntegerNetwork, pixels: Tensor) -> dict[str, int]:
    """Return {name: largest magnitude on `pixels`} of each tensor of `trace`."""
    largest: dict[str, int] = {}
    for batch in pixels.split(BATCH_SIZE):
        for name, tensor in trace(network, batch):
            largest[name] = max(largest.get(name, 0), int(tensor.abs().max()))
    return largest


def _input_codes(network: IntegerNetwork, pixels: Tensor) -> Tensor:
    channels = torch.arange(len(network.input_codes)).view(-1, 1, 1)
    return network.input_codes[channels, pixels.long()].to(torch.int32)


def _layer(layer: Layer, codes: Tensor, kernels: Kernels) -> Tensor:
    """Return the requantized sums of a convolution, int64, before they are clamped."""
    weight = layer.weight.to(torch.int32)
    sums = kernels.conv2d(codes, weight, stride=layer.stride, padding=1)
    sums += layer.bias.view(-1, 1, 1)
    return requantize(sums, layer.requantizer)


def _shortcut(stream: Tensor, first: Layer) -> Tensor:
    """Return option A: subsampled, missing channels zero on both sides."""
    missing = first.weight.shape[0] - first.weight.shape[1]
    kept = stream[:, :, :: first.stride, :: first.stride]
    # Not `pad`, which fills with the floating-point number 0.
    zeros = kept.new_zeros(len(kept), missing // 2, *kept.shape[2:])
    return torch.cat([zeros, kept, zeros], 1) if missing else kept


def _clamp(values: Tensor, largest: int) -> Tensor:
    return values.clamp_(0, largest).to(torch.int32)
