"""
fault = "clips before it subtracts the zero point"
sentence = "Equation (1) clips last: in your code the zero point is subtracted after clipping, \
and moves codes out of the range again."
caught_by = ["1a.linear_quantize.zero_point"]
"""

import torch


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
    return torch.clamp(torch.round(input / scale), low, high) - zero_point
