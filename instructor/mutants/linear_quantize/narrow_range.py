"""
fault = "symmetric signed range without -2^(b-1)"
sentence = "Your signed range is the same on both sides of zero; equation (1) uses all 2^b \
codes, and so has one negative code more, -2^(b-1)."
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
        low, high = -(2 ** (N_bits - 1)) + 1, 2 ** (N_bits - 1) - 1
    else:
        low, high = 0, 2**N_bits - 1
    return torch.clamp(torch.round(input / scale) - zero_point, low, high)
