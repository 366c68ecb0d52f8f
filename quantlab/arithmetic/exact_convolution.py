"""A convolution of integers in floating point that sums only products of codes and weights.

float32 uses oneDNN's direct convolution, float64 a matrix product of unfolded patches. The caller
chooses the dtype so that every sum is exact (`quantlab.arithmetic.integer_kernels`).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

IntOrPair = int | tuple[int, int]

PATCH_ELEMENTS = 2**24  # unfolded at a time, 128 MiB in float64


@dataclass(frozen=True)
class ExactConvolution:
    """A convolution that sums only products of codes and weights."""

    stride: IntOrPair
    padding: IntOrPair | str
    dilation: IntOrPair
    groups: int

    def __call__(self, input: Tensor, weight: Tensor) -> Tensor:
        """Return the sums of float `input` (N, C, H, W) and `weight` (out, C / groups, kH, kW)."""
        if input.dtype == torch.float64:
            return self._multiply_patches(input, weight)
        return F.conv2d(
            input.contiguous(memory_format=torch.channels_last),
            weight.contiguous(memory_format=torch.channels_last),
            None,
            self.stride,
            self.padding,
            self.dilation,
            self.groups,
        )

    def _multiply_patches(self, input: Tensor, weight: Tensor) -> Tensor:
        """Return the convolution as one matrix product per image and group."""
        kernel = (weight.shape[2], weight.shape[3])
        stride, dilation = as_pair(self.stride), as_pair(self.dilation)
        input = F.pad(input, _border(self.padding, kernel, dilation))
        height, width = (
            (size - d * (k - 1) - 1) // s + 1
            for size, k, d, s in zip(input.shape[2:], kernel, dilation, stride, strict=True)
        )
        terms = math.prod(weight.shape[1:])
        rows = weight.reshape(self.groups, weight.shape[0] // self.groups, terms)
        elements = self.groups * terms * height * width
        results = []
        for images in input.split(max(1, PATCH_ELEMENTS // max(1, elements))):
            patches = F.unfold(images, kernel, dilation, 0, stride)
            columns = patches.reshape(len(images), self.groups, terms, height * width)
            sums = rows @ columns
            results.append(sums.reshape(len(images), weight.shape[0], height, width))
        return torch.cat(results)


def _border(
    padding: IntOrPair | str, kernel: tuple[int, int], dilation: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Return (left, right, top, bottom) for `torch.nn.functional.pad`."""
    if padding == "same":
        height, width = (d * (k - 1) for k, d in zip(kernel, dilation, strict=True))
        return width // 2, width - width // 2, height // 2, height - height // 2
    vertical, horizontal = (0, 0) if isinstance(padding, str) else as_pair(padding)
    return horizontal, horizontal, vertical, vertical


def as_pair(value: IntOrPair) -> tuple[int, int]:
    """Return (vertical, horizontal)."""
    if isinstance(value, int):
        return value, value
    vertical, horizontal = value
    return vertical, horizontal
