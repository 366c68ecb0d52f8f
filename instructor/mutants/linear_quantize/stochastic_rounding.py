"""
fault = "rounds at random"
sentence = "Equation (1) rounds to the nearest integer; your codes seem to be rounded up or down \
at random, and differ from call to call."
caught_by = [
    "1a.linear_quantize.signed",
    "1a.linear_quantize.unsigned",
    "1a.linear_quantize.zero_point",
    "1a.linear_quantize.every_width",
    "1a.linear_quantize.pure",
]
named = false
"""

import torch


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
    quotient = input / scale
    rounded = torch.floor(quotient + torch.rand_like(quotient))
    return torch.clamp(rounded - zero_point, low, high)
