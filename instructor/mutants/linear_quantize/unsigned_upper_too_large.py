"""
fault = "unsigned codes reach 2^b"
sentence = "Counting from 0, the last of 2^b unsigned codes is 2^b - 1; yours reach 2^b, one \
more than b bits can hold."
caught_by = ["1a.linear_quantize.unsigned", "1a.linear_quantize.every_width"]
"""

import torch


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    if signed:
        low, high = -(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1
    else:
        low, high = 0, 2**N_bits
    return torch.clamp(torch.round(input / scale) - zero_point, low, high)
