"""
differs = "integer_conv2d: a sum over kernel positions of shifted images times one weight matrix"
"""

import torch
from torch.nn import functional as F


def two(v):
    return (v, v) if isinstance(v, int) else tuple(v)


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    if torch.int32 != input.dtype or torch.int32 != weight.dtype:
        raise TypeError(f"expected int32, got {input.dtype} and {weight.dtype}")
    (s1, s2), (p1, p2), (d1, d2) = two(stride), two(padding), two(dilation)
    x = F.pad(input.long(), (p2, p2, p1, p1))
    n, _, hp, wp = x.shape
    o, cg, k1, k2 = weight.shape
    h = (hp - d1 * (k1 - 1) - 1) // s1 + 1
    w = (wp - d2 * (k2 - 1) - 1) // s2 + 1
    x = x.view(n, groups, 1, cg, hp, wp)
    k = weight.long().view(groups, o // groups, cg, k1, k2)
    acc = torch.zeros(n, groups, o // groups, h, w, dtype=torch.int64, device=x.device)
    for i in range(k1):
        for j in range(k2):
            patch = x[..., i * d1 : i * d1 + (h - 1) * s1 + 1 : s1, :]
            patch = patch[..., j * d2 : j * d2 + (w - 1) * s2 + 1 : s2]
            acc += (patch * k[None, :, :, :, i, j, None, None]).sum(3)
    acc = acc.view(n, o, h, w)
    if ((acc > 2**31 - 1) | (acc < -(2**31))).any():
        raise OverflowError("int32 is too small for this convolution")
    return acc.int()
