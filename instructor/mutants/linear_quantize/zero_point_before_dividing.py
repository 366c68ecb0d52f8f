"""
fault = "subtracts the zero point from the real numbers"
sentence = "The zero point is a code: equation (1) subtracts it after dividing by the scale. \
Your code seems to subtract it from the real numbers."
caught_by = ["1a.linear_quantize.zero_point"]
"""

import torch


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
    return torch.clamp(torch.round((input - zero_point) / scale), low, high)
