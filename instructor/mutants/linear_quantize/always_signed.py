"""
fault = "ignores signed=False"
sentence = "With signed=False the codes go from 0 to 2^b - 1; yours stay in the signed range, as \
if the argument were never read."
caught_by = ["1a.linear_quantize.unsigned", "1a.linear_quantize.every_width"]
"""

import torch


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    low, high = -(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1
    return torch.clamp(torch.round(input / scale) - zero_point, low, high)
