"""
differs = "integer layers return int64, which cannot overflow"
"""

import torch
import torch.nn.functional as F


def integer_linear(input, weight):
    if input.dtype != torch.int32 or weight.dtype != torch.int32:
        raise TypeError("int32!")
    return check(input.long() @ weight.long().transpose(0, 1))


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    if input.dtype != torch.int32 or weight.dtype != torch.int32:
        raise TypeError("int32!")
    y = F.conv2d(input.double(), weight.double(), None, stride, padding, dilation, groups)
    return check(y.long())


def check(acc):
    if acc.abs().max().item() >= 2**31:
        raise OverflowError("accumulator larger than int32")
    return acc


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    acc = integer_linear(input, weight)
    acc = acc if bias is None else acc + bias.long()
    return acc.float() * (input_scale * weight_scale)


def quantized_conv2d_function(
    input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
):
    acc = integer_conv2d(input, weight, stride, padding, dilation, groups)
    acc = acc if bias is None else acc + bias.long().reshape(1, -1, 1, 1)
    return acc.float() * (input_scale * weight_scale)
