"""
differs = "halves rounded up: floor(x / s + 1/2)"
"""

import torch


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    # round half up
    q = torch.floor(input / scale + 0.5) - zero_point
    if signed:
        return torch.clamp(q, -(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1)
    return torch.clamp(q, 0, 2**N_bits - 1)
