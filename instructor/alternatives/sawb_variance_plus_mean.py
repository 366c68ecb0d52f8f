"""
differs = "SAWB with E[x^2] as variance plus squared mean, in float32"
"""

import torch


def get_scale(input, N_bits=8):
    if not 2 <= N_bits <= 8:
        raise ValueError("2 to 8 bits")
    with torch.no_grad():
        variance, mean = torch.var_mean(input, unbiased=False)
        second_moment = variance + mean**2
        first_absolute = torch.mean(torch.abs(input))
        coefficient_1, coefficient_2 = SAWB_COEFFICIENTS[N_bits]
        alpha = coefficient_1 * torch.sqrt(second_moment) - coefficient_2 * first_absolute
        alpha = alpha if alpha > 0 else torch.max(torch.abs(input))
        return alpha / 2 ** (N_bits - 1)
