"""
differs = "SAWB with the published typical z: alpha = rms / z1 - z2 / z1 E|x|"
"""

import torch

Z_TYPICAL = {2: (0.311, 0.678), 4: (0.077, 1.013), 8: (0.032, 1.085)}


def get_scale(input, N_bits=8):
    if N_bits in Z_TYPICAL:
        z1, z2 = Z_TYPICAL[N_bits]
        c1, c2 = 1 / z1, z2 / z1
    elif N_bits in SAWB_COEFFICIENTS:
        c1, c2 = SAWB_COEFFICIENTS[N_bits]
    else:
        raise ValueError(f"no z for {N_bits} bits")
    x = input.detach().double()
    alpha = c1 * torch.sqrt(torch.mean(x**2)) - c2 * torch.mean(torch.abs(x))
    if alpha <= 0:
        alpha = torch.max(torch.abs(x))
    return (alpha / (1 << (N_bits - 1))).to(input.dtype)
