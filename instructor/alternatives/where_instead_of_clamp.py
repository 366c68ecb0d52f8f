"""
differs = "torch.where for clipping, for the choice of alpha and for zeros"
"""

import torch


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    lowest = -(2 ** (N_bits - 1)) if signed else 0
    highest = 2 ** (N_bits - 1) - 1 if signed else 2**N_bits - 1
    q = torch.round(input / scale) - zero_point
    q = torch.where(q < lowest, lowest, q)
    return torch.where(q > highest, highest, q)


def get_scale(input, N_bits=8):
    try:
        c1, c2 = SAWB_COEFFICIENTS[N_bits]
    except KeyError:
        raise ValueError(f"{N_bits} bits are not in the table") from None
    e_abs = input.abs().double().mean()
    e_sq = (input.double() ** 2).mean()
    alpha = c1 * torch.sqrt(e_sq) - c2 * e_abs
    alpha = torch.where(alpha > 0, alpha, input.abs().max().double())
    return (alpha / 2 ** (N_bits - 1)).to(input.dtype)
