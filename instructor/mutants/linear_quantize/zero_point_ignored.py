"""
fault = "ignores the zero point"
sentence = "Your codes are the same whatever the zero point is; equation (1) subtracts it after \
rounding, and the function has to, even if it is nearly always 0 here."
caught_by = ["1a.linear_quantize.zero_point"]
"""

import torch


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
    return torch.clamp(torch.round(input / scale), low, high)
