"""
differs = "round(x / s - z): the zero point is subtracted before rounding"
"""

import torch


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    shifted = input / scale - zero_point
    rounded = torch.round(shifted)
    if signed is True:
        lower_bound = -(2 ** (N_bits - 1))
        upper_bound = 2 ** (N_bits - 1) - 1
    else:
        lower_bound = 0
        upper_bound = 2**N_bits - 1
    return torch.clamp(rounded, lower_bound, upper_bound)


def linear_dequantize(input, scale, zero_point):
    return input * scale + zero_point * scale
