"""
differs = "halves rounded to even, written out with floor and the parity"
"""

import torch


def round_half_even(x):
    below = torch.floor(x)
    rest = x - below
    odd = torch.remainder(below, 2) == 1
    up = (rest > 0.5) | ((rest == 0.5) & odd)
    return below + up.to(x.dtype)


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    codes = round_half_even(torch.div(input, scale)).sub(zero_point)
    levels = 2**N_bits
    smallest = -levels // 2 if signed else 0
    return codes.clamp(smallest, smallest + levels - 1)
