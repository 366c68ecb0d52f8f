"""
differs = "halves rounded away from zero, as in C"
"""

import torch


def c_round(t):
    return torch.sign(t) * torch.floor(torch.abs(t) + 0.5)


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    if signed:
        lo, hi = -(1 << (N_bits - 1)), (1 << (N_bits - 1)) - 1
    else:
        lo, hi = 0, (1 << N_bits) - 1
    return (c_round(input / scale) - zero_point).clamp(min=lo, max=hi)
