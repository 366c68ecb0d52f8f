"""
fault = "does not round"
sentence = "Codes are integers: equation (1) rounds x / s before it clips, and your codes still \
have digits after the point."
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
    return torch.clamp(input / scale - zero_point, low, high)
