"""
differs = "integer layers: the input cut into bytes, one exact product for each"
"""

import torch
from torch.nn import functional as F


def split(x):
    """x = 2^24 a + 2^16 b + 2^8 c + d with bytes b, c, d"""
    return [(x >> 24, 24), ((x >> 16) & 255, 16), ((x >> 8) & 255, 8), (x & 255, 0)]


def combine(function, input, weight):
    if input.dtype != torch.int32 or weight.dtype != torch.int32:
        raise TypeError("need int32")
    total = None
    for part, shift in split(input):
        if not part.any():
            continue
        sums = function(part.double(), weight.double()).long() << shift
        total = sums if total is None else total + sums
    if total is None:
        total = function(input.double(), weight.double()).long()
    result = total.int()
    if (result.long() != total).any():
        raise OverflowError("more than 32 bits")
    return result


def integer_linear(input, weight):
    return combine(F.linear, input, weight)


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    def conv(x, w):
        return F.conv2d(
            x, w, stride=stride, padding=padding, dilation=dilation, groups=groups
        ).round()

    return combine(conv, input, weight)
