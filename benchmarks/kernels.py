"""Exact integer convolutions against those of torch, on the 3x3 layers of ResNet-20.

Every result is compared before it is timed: `Inexact` is raised for a kernel whose sums are wrong.
`integer_conv2d` runs in a process as Python starts it; the kernel on packed weights, and its peer,
keep the memory that they free, as every evaluation here does.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.rounds import Row, geometric_mean, ratios
from quantlab.arithmetic.int8_kernels import PackedConvolution, is_exact
from quantlab.arithmetic.integer_kernels import accumulate_conv2d, integer_conv2d
from quantlab.arithmetic.malloc import keep_freed_memory

SHAPES = ((16, 32), (32, 16), (64, 8))  # channels, pixels a side
BATCH = 100
TIMES = 60  # calls per run, of which the median counts


class Inexact(Exception):
    """A kernel gave other sums than torch's int64 convolution; the message says which."""


@dataclass(frozen=True)
class Operands:
    """uint8 codes (100, C, H, W), channels_last, and signed 8-bit weights (C, C, 3, 3), int8."""

    codes: Tensor
    weight: Tensor


def operands() -> Iterator[Operands]:
    generator = torch.Generator().manual_seed(0)
    for channels, side in SHAPES:
        codes = torch.randint(0, 256, (BATCH, channels, side, side), generator=generator)
        spread = torch.randn(channels, channels, 3, 3, generator=generator) * 32
        yield Operands(
            codes.to(torch.uint8).contiguous(memory_format=torch.channels_last),
            spread.round().clamp(-128, 127).to(torch.int8),
        )


def rows(runs: int) -> Iterator[Row]:
    yield Row(
        "integer_conv2d, int32 in and out",
        "torch's int32 conv2d",
        "times faster",
        geometric_mean([_integer_conv2d(one, runs) for one in operands()]),
        must=12,
        aim=20,
        more_is_better=True,
    )
    keep_freed_memory()
    if is_exact():
        yield Row(
            "the kernel: packed weights, uint8 channels_last",
            "float32 conv2d, channels_last",
            "times faster",
            geometric_mean([_packed(one, runs) for one in operands()]),
            must=3,
            aim=6,
            more_is_better=True,
        )


def float_rows(runs: int) -> Iterator[Row]:
    """What is left where the processor has no exact 8-bit instructions."""
    keep_freed_memory()
    yield Row(
        "the float32 path of the kernel, without 8-bit instructions",
        "float32 conv2d, channels_last",
        "of its time",
        geometric_mean([_in_float(one, runs) for one in operands()]),
        must=1.1,
        aim=1.0,
    )


def _integer_conv2d(one: Operands, runs: int) -> tuple[float, ...]:
    codes, weight = one.codes.int().contiguous(), one.weight.int()
    _refuse_inexact("integer_conv2d", integer_conv2d(codes, weight, 1, 1), one)
    found = ratios(
        lambda: integer_conv2d(codes, weight, 1, 1),
        lambda: F.conv2d(codes, weight, None, 1, 1),
        runs,
        TIMES,
    )
    return tuple(1 / ratio for ratio in found)


def _packed(one: Operands, runs: int) -> tuple[float, ...]:
    packed = PackedConvolution(one.weight, (1, 1), (1, 1))
    _refuse_inexact("the packed kernel", packed(one.codes), one)
    found = ratios(lambda: packed(one.codes), _float32(one), runs, TIMES)
    return tuple(1 / ratio for ratio in found)


def _in_float(one: Operands, runs: int) -> tuple[float, ...]:
    codes, weight = one.codes.float(), _channels_last(one.weight.float())
    _refuse_inexact("accumulate_conv2d", accumulate_conv2d(codes, weight, 255, 1, 1), one)
    return ratios(lambda: accumulate_conv2d(codes, weight, 255, 1, 1), _float32(one), runs, TIMES)


def _float32(one: Operands) -> Callable[[], Tensor]:
    codes, weight = one.codes.float(), _channels_last(one.weight.float())
    return lambda: F.conv2d(codes, weight, None, 1, 1)


def _refuse_inexact(name: str, sums: Tensor, one: Operands) -> None:
    expected = F.conv2d(one.codes.long(), one.weight.long(), None, 1, 1)
    if not torch.equal(sums.double(), expected.double()):
        shape = tuple(one.weight.shape)
        raise Inexact(f"{name} is not exact for weights of shape {shape} on this machine.")


def _channels_last(tensor: Tensor) -> Tensor:
    return tensor.contiguous(memory_format=torch.channels_last)
