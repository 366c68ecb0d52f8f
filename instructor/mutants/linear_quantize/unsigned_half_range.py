"""
fault = "unsigned codes only up to 2^(b-1) - 1"
sentence = "Unsigned codes need no bit for a sign, so they go up to 2^b - 1; yours end at \
2^(b-1) - 1 and leave half of the range unused."
caught_by = ["1a.linear_quantize.unsigned", "1a.linear_quantize.every_width"]
"""

import torch


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    if signed:
        low, high = -(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1
    else:
        low, high = 0, 2 ** (N_bits - 1) - 1
    return torch.clamp(torch.round(input / scale) - zero_point, low, high)
