"""
fault = "signed codes go down to -2^(b-1) - 1"
sentence = "Your smallest signed code is one below L = -2^(b-1) of equation (1): that makes more \
codes than b bits can tell apart."
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
        low, high = -(2 ** (N_bits - 1)) - 1, 2 ** (N_bits - 1) - 1
    else:
        low, high = 0, 2**N_bits - 1
    return torch.clamp(torch.round(input / scale) - zero_point, low, high)
