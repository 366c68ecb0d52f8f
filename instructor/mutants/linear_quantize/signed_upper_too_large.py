"""
fault = "signed codes reach 2^(b-1)"
sentence = "One of the 2^b signed codes is zero, so the largest is 2^(b-1) - 1; yours reach one \
further, which b bits cannot hold."
caught_by = [
    "1a.linear_quantize.signed",
    "1a.linear_quantize.zero_point",
    "1a.linear_quantize.every_width",
    "1a.linear_quantize.pure",
]
"""

import torch


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    if signed:
        low, high = -(2 ** (N_bits - 1)), 2 ** (N_bits - 1)
    else:
        low, high = 0, 2**N_bits - 1
    return torch.clamp(torch.round(input / scale) - zero_point, low, high)
