"""Exact convolutions of 8-bit codes by the processor's 8-bit instructions, through oneDNN.

oneDNN multiplies unsigned by signed bytes and sums in int32. With AVX-512 VNNI, AVX VNNI or AMX
every sum is exact; on older processors pairs of products are summed in 16 bits and saturate, and a
fifth of the results is wrong. The processor's name decides nothing: `is_exact` compares the extreme
codes once, on the current machine, with PyTorch's int32 convolution.

Sums are float32: exact up to 2^24 in magnitude, beyond that the nearest float32 number, as for an
int32 converted to float32. A sum is at most 255 * 128 times the inputs of an output, so int32 holds
those of up to 65,793 inputs.
"""

import functools

import torch
from torch import Tensor
from torch.nn import functional as F

UNSIGNED, SIGNED = range(256), range(-128, 128)  # codes of inputs and of weights
MOST_TERMS = (2**31 - 1) // (255 * 128)  # products per output
_TRIALS = ((16, 16, 1, 1), (64, 32, 2, 1), (6, 4, 1, 2))  # channels in, out, stride, groups


class PackedConvolution:
    """A convolution of 8-bit codes, with its weights packed once for many batches.

    The result is y = sum * gain + offset, rounded to float32 after the product and after the
    addition.
    """

    def __init__(
        self,
        weight: Tensor,
        stride: tuple[int, int] = (1, 1),
        padding: tuple[int, int] = (0, 0),
        dilation: tuple[int, int] = (1, 1),
        groups: int = 1,
        gain: Tensor | None = None,
        offset: Tensor | None = None,
    ) -> None:
        """Pack the weights in oneDNN's layout.

        Args:
            weight: Integers of `SIGNED` in any dtype, (out, C / groups, kH, kW).
            stride: As in `torch.nn.functional.conv2d`, and so are the next three.
            padding: Number of zeros.
            dilation: Distance of the taps.
            groups: Number of groups.
            gain: float32 (out,), default 1.
            offset: float32 (out,), default 0.
        """
        geometry = [list(stride), list(padding), list(dilation), groups]
        unit = torch.ones(len(weight))
        packed = torch.ops.onednn.qconv_prepack(weight.to(torch.int8), unit, 1.0, 0, *geometry)
        self._weight = packed, unit if gain is None else gain, torch.zeros_like(unit).int()
        self._rest = offset, *geometry

    def __call__(self, codes: Tensor) -> Tensor:
        """Return y, float32 (N, out, H', W') in channels_last, for codes uint8 (N, C, H, W)."""
        return self._convolve(codes, torch.float32, "none", [])

    def convolve_and_clip(self, codes: Tensor, largest: int) -> Tensor:
        """Return y clipped to 0..`largest` and rounded, ties to even, as uint8."""
        return self._convolve(codes, torch.uint8, "hardtanh", [0.0, float(largest)])

    def convolve_and_add(self, codes: Tensor, shortcut: Tensor) -> Tensor:
        """Return max(y + shortcut, 0), written over `shortcut`, which is channels_last."""
        return torch.ops.onednn.qconv2d_pointwise.binary(
            *(codes, 1.0, 0, *self._weight, shortcut, *self._rest),
            *(1.0, 0, torch.float32, 1.0, 0, "sum", 1.0, "relu", [], ""),
        )

    def _convolve(
        self, codes: Tensor, dtype: torch.dtype, operation: str, arguments: list[float]
    ) -> Tensor:
        return torch.ops.onednn.qconv2d_pointwise(
            *(codes, 1.0, 0, *self._weight, *self._rest),
            *(1.0, 0, dtype, operation, arguments, ""),
        )


@functools.cache
def is_exact() -> bool:
    """Return whether `PackedConvolution` is exact on this machine, by trial."""
    generator = torch.Generator().manual_seed(0)
    try:
        return all(
            _sums_exactly(*trial, generator) and _rounds_twice(*trial, generator)
            for trial in _TRIALS
        )
    except (RuntimeError, AttributeError, NotImplementedError):  # built without oneDNN
        return False


def _sums_exactly(
    channels: int, out: int, stride: int, groups: int, generator: torch.Generator
) -> bool:
    """Return whether sums are exact: of extreme codes, equal and alternating, and random ones."""
    shapes = (2, channels, 9, 9), (out, channels // groups, 3, 3)
    extremes = torch.tensor([255, 255, 0, 255], dtype=torch.int32), torch.tensor([127, -128, 127])
    inputs = [torch.full(shapes[0], 255), _repeated(extremes[0], shapes[0])]
    weights = [torch.full(shapes[1], -128), torch.full(shapes[1], 127)]
    weights.append(_repeated(extremes[1], shapes[1]))
    inputs.append(torch.randint(0, 256, shapes[0], generator=generator))
    weights.append(torch.randint(-128, 128, shapes[1], generator=generator))
    for weight in weights:
        packed = PackedConvolution(weight, (stride, stride), (1, 1), groups=groups)
        for codes in inputs:
            expected = F.conv2d(codes.int(), weight.int(), None, stride, 1, 1, groups)
            if not torch.equal(packed(codes.to(torch.uint8)), expected.float()):
                return False
    return True


def _rounds_twice(
    channels: int, out: int, stride: int, groups: int, generator: torch.Generator
) -> bool:
    """Return whether product and addition round separately; fused they would round once."""
    codes = torch.randint(0, 256, (2, channels, 9, 9), generator=generator)
    weight = torch.randint(-128, 128, (out, channels // groups, 3, 3), generator=generator)
    gain = torch.randn(out, generator=generator) / 100
    offset = torch.randn(out, generator=generator) * 100
    packed = PackedConvolution(
        weight, (stride, stride), (1, 1), groups=groups, gain=gain, offset=offset
    )
    sums = F.conv2d(codes.int(), weight.int(), None, stride, 1, 1, groups).float()
    expected = sums * gain.view(-1, 1, 1) + offset.view(-1, 1, 1)
    shortcut = (torch.randn(expected.shape, generator=generator) * 100).contiguous(
        memory_format=torch.channels_last
    )
    total = (expected + shortcut).relu()
    codes = codes.to(torch.uint8)
    return (
        torch.equal(packed(codes), expected)
        and torch.equal(
            packed.convolve_and_clip(codes, 15), expected.clamp(0, 15).round().to(torch.uint8)
        )
        and torch.equal(packed.convolve_and_add(codes, shortcut), total)
    )


def _repeated(pattern: Tensor, shape: tuple[int, ...]) -> Tensor:
    count = torch.Size(shape).numel()
    return pattern.repeat(-(-count // len(pattern)))[:count].reshape(shape)
