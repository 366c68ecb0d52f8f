"""
differs = "torch.minimum and torch.maximum with tensors as limits"
"""

import torch


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    if signed:
        L, U = -(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1
    else:
        L, U = 0, 2**N_bits - 1
    L = torch.tensor(L, dtype=input.dtype, device=input.device)
    U = torch.tensor(U, dtype=input.dtype, device=input.device)
    codes = torch.round(input / scale) - zero_point
    return torch.minimum(torch.maximum(codes, L), U)
