"""
fault = "returns a flat vector"
sentence = "Your codes are right but come as one long vector; every element of the input keeps \
its place, so the result has the input's shape."
caught_by = ["1a.linear_quantize.every_width", "1a.linear_quantize.pure"]
"""

import torch


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
    quotient = input.flatten() / scale
    return torch.clamp(torch.round(quotient) - zero_point, low, high)
