"""
fault = "one scale per index of the first dimension"
sentence = "E in equation (5) is the mean over all elements, and the result one number; you \
return one scale for each index of the first dimension."
caught_by = ["1a.get_scale.handed_out_widths", "1a.get_scale.mean_not_zero"]
"""

import torch


def get_scale(input, N_bits=8):
    if N_bits not in SAWB_COEFFICIENTS:
        raise ValueError(f"no coefficients for {N_bits} bits")
    c1, c2 = SAWB_COEFFICIENTS[N_bits]
    x = input.detach().flatten(1)
    alpha = c1 * x.square().mean(1).sqrt() - c2 * x.abs().mean(1)
    alpha = torch.where(alpha > 0, alpha, x.abs().amax(1))
    return (alpha / 2 ** (N_bits - 1)).to(input.dtype)
