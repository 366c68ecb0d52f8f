"""Exact integer convolutions against those of torch, on the 3x3 layers of ResNet-20.

Every result is compared before it is timed. `integer_conv2d` runs in a new process. The kernel on
packed weights, and its peer, keep the memory that they free, as every evaluation in the kit does.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.ratios import Measurement, geometric_mean, ratios
from quantlab.arithmetic.int8_kernels import PackedConvolution, is_exact
from quantlab.arithmetic.integer_kernels import accumulate_conv2d, integer_conv2d
from quantlab.arithmetic.malloc import keep_freed_memory

SHAPES = ((16, 32), (32, 16), (64, 8))  # channels, pixels a side
BATCH = 100
TIMES = 60  # calls per run, of which the median counts


class Inexact(Exception):
    """A kernel has other sums than torch's int64 convolution; the message names it."""


@dataclass(frozen=True)
class Operands:
    """uint8 codes (100, C, H, W), channels_last, and signed 8-bit weights (C, C, 3, 3), int8."""

    codes: Tensor
    weight: Tensor


def operands() -> Iterator[Operands]:
    """Yield random operands of each shape."""
    generator = torch.Generator().manual_seed(0)
    for channels, side in SHAPES:
        codes = torch.randint(0, 256, (BATCH, channels, side, side), generator=generator)
        spread = torch.randn(channels, channels, 3, 3, generator=generator) * 32
        yield Operands(
            codes.to(torch.uint8).contiguous(memory_format=torch.channels_last),
            spread.round().clamp(-128, 127).to(torch.int8),
        )


def measure_kernels(runs: int) -> Iterator[Measurement]:
    """Yield the measurements. Raise `Inexact`."""
    yield Measurement(
        "integer_conv2d, int32 in and out",
        "torch's int32 conv2d",
        "times faster",
        geometric_mean([_integer_conv2d(pair, runs) for pair in operands()]),
        must=12,
        aim=20,
        more_is_better=True,
    )
    keep_freed_memory()
    if is_exact():
        yield Measurement(
            "the kernel: packed weights, uint8 channels_last",
            "float32 conv2d, channels_last",
            "times faster",
            geometric_mean([_packed(pair, runs) for pair in operands()]),
            must=3,
            aim=6,
            more_is_better=True,
        )


def measure_float_path(runs: int) -> Iterator[Measurement]:
    """Yield the measurement of the path for processors without exact 8-bit instructions."""
    keep_freed_memory()
    yield Measurement(
        "the float32 path of the kernel, without 8-bit instructions",
        "float32 conv2d, channels_last",
        "of its time",
        geometric_mean([_in_float(pair, runs) for pair in operands()]),
        must=1.1,
        aim=1.0,
    )


def _integer_conv2d(pair: Operands, runs: int) -> tuple[float, ...]:
    codes, weight = pair.codes.int().contiguous(), pair.weight.int()
    _refuse_inexact("integer_conv2d", integer_conv2d(codes, weight, 1, 1), pair)
    values = ratios(
        lambda: integer_conv2d(codes, weight, 1, 1),
        lambda: F.conv2d(codes, weight, None, 1, 1),
        runs,
        TIMES,
    )
    return tuple(1 / ratio for ratio in values)


def _packed(pair: Operands, runs: int) -> tuple[float, ...]:
    packed = PackedConvolution(pair.weight, (1, 1), (1, 1))
    _refuse_inexact("the packed kernel", packed(pair.codes), pair)
    values = ratios(lambda: packed(pair.codes), _float32(pair), runs, TIMES)
    return tuple(1 / ratio for ratio in values)


def _in_float(pair: Operands, runs: int) -> tuple[float, ...]:
    codes, weight = pair.codes.float(), _channels_last(pair.weight.float())
    _refuse_inexact("accumulate_conv2d", accumulate_conv2d(codes, weight, 255, 1, 1), pair)
    return ratios(lambda: accumulate_conv2d(codes, weight, 255, 1, 1), _float32(pair), runs, TIMES)


def _float32(pair: Operands) -> Callable[[], Tensor]:
    codes, weight = pair.codes.float(), _channels_last(pair.weight.float())
    return lambda: F.conv2d(codes, weight, None, 1, 1)


def _refuse_inexact(name: str, sums: Tensor, pair: Operands) -> None:
    expected = F.conv2d(pair.codes.long(), pair.weight.long(), None, 1, 1)
    if not torch.equal(sums.double(), expected.double()):
        shape = tuple(pair.weight.shape)
        raise Inexact(f"{name} is not exact for weights of shape {shape} on this machine.")


def _channels_last(tensor: Tensor) -> Tensor:
    return tensor.contiguous(memory_format=torch.channels_last)
