"""
fault = "stores codes as int8, where unsigned ones of 8 bits wrap"
sentence = "Large unsigned codes come back negative from you: int8 ends at 127, and codes of 8 \
bits reach 255. Hold the codes in the dtype of the input."
caught_by = ["1a.linear_quantize.every_width"]
"""

import torch


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
    codes = torch.clamp(torch.round(input / scale) - zero_point, low, high)
    return codes.to(torch.int32).to(torch.int8)
