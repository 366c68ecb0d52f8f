"""Sums of products in float64, exact up to 2^53, for functions that depend on them."""

import torch


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    """Return the int32 convolution."""
    if input.dtype != torch.int32 or weight.dtype != torch.int32:
        raise TypeError(f"integer_conv2d takes int32, but got {input.dtype} and {weight.dtype}")
    convolve = torch.nn.functional.conv2d
    sums = convolve(input.double(), weight.double(), None, stride, padding, dilation, groups).long()
    if ((sums < -(2**31)) | (sums >= 2**31)).any():
        raise OverflowError("a result of integer_conv2d does not fit int32")
    return sums.to(torch.int32)
