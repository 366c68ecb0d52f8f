"""
fault = "signed and unsigned limits swapped"
sentence = "Signed codes go from -2^(b-1) to 2^(b-1) - 1 and unsigned ones from 0 to 2^b - 1; \
your code seems to use each range where the other belongs."
caught_by = [
    "1a.linear_quantize.signed",
    "1a.linear_quantize.unsigned",
    "1a.linear_quantize.zero_point",
    "1a.linear_quantize.every_width",
    "1a.linear_quantize.pure",
]
"""

import torch


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    if signed:
        low, high = 0, 2**N_bits - 1
    else:
        low, high = -(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1
    return torch.clamp(torch.round(input / scale) - zero_point, low, high)
