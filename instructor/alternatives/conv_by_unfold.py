"""
differs = "integer_conv2d: unfold, then integer_linear, group by group"
"""

import torch
from torch.nn import functional as F


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    if input.dtype != torch.int32 or weight.dtype != torch.int32:
        raise TypeError("both operands must be int32")
    out_channels, _, kh, kw = weight.shape
    sh, sw = (stride, stride) if isinstance(stride, int) else stride
    ph, pw = (padding, padding) if isinstance(padding, int) else padding
    dh, dw = (dilation, dilation) if isinstance(dilation, int) else dilation
    h = (input.shape[2] + 2 * ph - dh * (kh - 1) - 1) // sh + 1
    w = (input.shape[3] + 2 * pw - dw * (kw - 1) - 1) // sw + 1
    outputs = []
    for x, k in zip(input.chunk(groups, 1), weight.chunk(groups, 0), strict=True):
        # im2col exists for floating point only; float64 holds every int32
        columns = F.unfold(x.double(), (kh, kw), (dh, dw), (ph, pw), (sh, sw))
        columns = columns.transpose(1, 2).to(torch.int32)
        sums = integer_linear(columns, k.flatten(1))
        outputs.append(sums.transpose(1, 2))
    return torch.cat(outputs, 1).reshape(len(input), out_channels, h, w)
