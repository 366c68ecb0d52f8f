"""
fault = "adds the zero point"
sentence = "Equation (1) subtracts the zero point, and only equation (3) adds it back; your code \
seems to add it here already."
caught_by = ["1a.linear_quantize.zero_point"]
"""

import torch


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
    return torch.clamp(torch.round(input / scale) + zero_point, low, high)
