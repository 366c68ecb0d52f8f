"""
fault = "ignores N_bits and uses four bits"
sentence = "Your limits are those of 4 bits whatever N_bits says; L and U of equation (1) are \
computed from the bit width that is passed."
caught_by = ["1a.linear_quantize.every_width"]
"""

import torch


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    low, high = (-8, 7) if signed else (0, 15)
    return torch.clamp(torch.round(input / scale) - zero_point, low, high)
