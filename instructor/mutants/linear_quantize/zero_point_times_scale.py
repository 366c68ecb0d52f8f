"""
fault = "subtracts the zero point times the scale"
sentence = "The zero point is a code, an integer like the others, and equation (1) subtracts it \
as it is; your code seems to multiply it by the scale first."
caught_by = ["1a.linear_quantize.zero_point"]
"""

import torch


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
    return torch.clamp(torch.round(input / scale) - zero_point * scale, low, high)
