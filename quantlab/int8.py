"""Exact convolutions of 8-bit codes by the processor's 8-bit instructions, through oneDNN.

oneDNN multiplies unsigned by signed bytes and sums in int32. With AVX-512 VNNI, AVX VNNI or AMX
every sum is exact; on older processors pairs of products are summed in 16 bits and saturate, and a
fifth of the results is wrong. So nothing here is chosen by the processor's name: `is_exact` tries
the extreme codes once, on the machine at hand, against PyTorch's int32 convolution.

Sums come as float32: exact up to 2^24 in magnitude, beyond that the nearest float32 number, as an
int32 turned into float32 would be. A sum is at most 255 * 128 times the inputs of an output, so
that int32 holds those of up to 65,793 inputs.
"""

import functools

import torch
from torch import Tensor
from torch.nn import functional as F

UNSIGNED, SIGNED = range(256), range(-128, 128)  # codes of inputs and of weights
MOST_TERMS = (2**31 - 1) // (255 * 128)  # products per output
_TRIALS = ((16, 16, 1, 1), (64, 32, 2, 1), (6, 4, 1, 2))  # channels in, out, stride, groups


class PackedConvolution:
    """Weights in the layout that oneDNN wants, which is found once, for many batches.

    `weight` holds integers of `SIGNED` in any dtype, (out, C / groups, kH, kW); `scale` multiplies
    every sum, in float32.
    """

    def __init__(
        self,
        weight: Tensor,
        stride: tuple[int, int] = (1, 1),
        padding: tuple[int, int] = (0, 0),
        dilation: tuple[int, int] = (1, 1),
        groups: int = 1,
        scale: float = 1.0,
    ) -> None:
        self._geometry = [list(stride), list(padding), list(dilation), groups]
        unit = torch.ones(len(weight))
        self._scales = unit * scale
        self._zero_points = torch.zeros(len(weight), dtype=torch.int32)
        self._weight = torch.ops.onednn.qconv_prepack(
            weight.to(torch.int8), unit, 1.0, 0, *self._geometry
        )

    def __call__(self, codes: Tensor) -> Tensor:
        """uint8 (N, C, H, W), best channels_last, to float32 (N, out, H', W'), channels_last."""
        return torch.ops.onednn.qconv2d_pointwise(
            codes,
            1.0,
            0,
            self._weight,
            self._scales,
            self._zero_points,
            None,
            *self._geometry,
            1.0,
            0,
            torch.float32,
            "none",
            [],
            "",
        )


@functools.cache
def is_exact() -> bool:
    """Whether `PackedConvolution` sums exactly on this machine, by trial."""
    generator = torch.Generator().manual_seed(0)
    try:
        return all(_sums_exactly(*trial, generator) for trial in _TRIALS)
    except (RuntimeError, AttributeError, NotImplementedError):  # built without oneDNN
        return False


def _sums_exactly(
    channels: int, out: int, stride: int, groups: int, generator: torch.Generator
) -> bool:
    """For the extreme codes, in every channel alike and alternating, and for random ones."""
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


def _repeated(pattern: Tensor, shape: tuple[int, ...]) -> Tensor:
    count = torch.Size(shape).numel()
    return pattern.repeat(-(-count // len(pattern)))[:count].reshape(shape)
