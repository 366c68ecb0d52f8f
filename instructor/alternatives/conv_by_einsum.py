"""
differs = "integer_conv2d and integer_linear with torch.einsum on int64"
"""

import torch
from torch.nn import functional as F
from torch.nn.modules.utils import _pair


def integer_linear(input, weight):
    if not (input.dtype == weight.dtype == torch.int32):
        raise TypeError("integer_linear: int32 please")
    out = torch.einsum("...i,oi->...o", input.long(), weight.long())
    return narrow(out)


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    if not (input.dtype == weight.dtype == torch.int32):
        raise TypeError("integer_conv2d: int32 please")
    stride, padding, dilation = _pair(stride), _pair(padding), _pair(dilation)
    x = F.pad(input.long(), (padding[1], padding[1], padding[0], padding[0]))
    kernel = weight.shape[2:]
    for axis in (0, 1):
        span = dilation[axis] * (kernel[axis] - 1) + 1
        x = x.unfold(2 + axis, span, stride[axis])[..., :: dilation[axis]]
    x = x.unflatten(1, (groups, -1))
    w = weight.long().unflatten(0, (groups, -1))
    return narrow(torch.einsum("ngchwij,gocij->ngohw", x, w).flatten(1, 2))


def narrow(result):
    as_int32 = result.to(torch.int32)
    if not torch.equal(as_int32.long(), result):
        raise OverflowError("the result needs more than 32 bits")
    return as_int32
