"""
differs = "integer layers: torch's own int64 products"
"""

import torch


def integer_linear(input, weight):
    if input.dtype is not torch.int32 or weight.dtype is not torch.int32:
        raise TypeError(f"got {input.dtype}, {weight.dtype}")
    product = torch.matmul(input.to(torch.int64), weight.to(torch.int64).t())
    if product.numel() and not -(2**31) <= product.min() <= product.max() < 2**31:
        raise OverflowError("int32 overflow in integer_linear")
    return product.to(torch.int32)


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    if input.dtype is not torch.int32 or weight.dtype is not torch.int32:
        raise TypeError(f"got {input.dtype}, {weight.dtype}")
    product = torch.nn.functional.conv2d(
        input.to(torch.int64),
        weight.to(torch.int64),
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
    )
    if product.numel() and not -(2**31) <= product.min() <= product.max() < 2**31:
        raise OverflowError("int32 overflow in integer_conv2d")
    return product.to(torch.int32)
