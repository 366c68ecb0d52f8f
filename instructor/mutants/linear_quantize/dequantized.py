"""
fault = "returns the recovered real numbers"
sentence = "You return the real numbers that the codes stand for, which is equation (3); \
linear_quantize stops at the integers of equation (1)."
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
    low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
    codes = torch.clamp(torch.round(input / scale) - zero_point, low, high)
    return scale * (codes + zero_point)
