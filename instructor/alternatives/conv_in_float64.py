"""
differs = "integer layers: one float64 operation, rounded"
"""

import torch
import torch.nn.functional as F


def integer_linear(input, weight):
    if input.dtype != torch.int32 or weight.dtype != torch.int32:
        raise TypeError("inputs and weights have to be int32")
    acc = torch.round(F.linear(input.double(), weight.double()))
    if acc.abs().max() > 2**31 - 1:
        raise OverflowError("the accumulator overflows")
    return acc.to(torch.int32)


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    if input.dtype != torch.int32 or weight.dtype != torch.int32:
        raise TypeError("inputs and weights have to be int32")
    acc = F.conv2d(input.double(), weight.double(), None, stride, padding, dilation, groups)
    acc = torch.round(acc)
    if acc.abs().max() > 2**31 - 1:
        raise OverflowError("the accumulator overflows")
    return acc.to(torch.int32)
