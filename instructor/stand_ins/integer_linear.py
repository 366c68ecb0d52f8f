"""Exact sums of products in int64, for functions that depend on them."""

import torch


def integer_linear(input, weight):
    """Return the int32 product."""
    if input.dtype != torch.int32 or weight.dtype != torch.int32:
        raise TypeError(f"integer_linear takes int32, but got {input.dtype} and {weight.dtype}")
    sums = input.long() @ weight.long().T
    if ((sums < -(2**31)) | (sums >= 2**31)).any():
        raise OverflowError("a result of integer_linear does not fit int32")
    return sums.to(torch.int32)
