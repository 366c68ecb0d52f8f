"""
fault = "SAWB: multiplies the step by 2^(b-1)"
sentence = "get_scale returns the width of a step already; you seem to multiply it by 2^(b-1) \
and so return alpha, the end of the range."
caught_by = ["1a.reset.SAWB"]
"""

import torch

other_methods = reset_scale_and_zero_point


def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    if method != "SAWB":
        return other_methods(input, N_bits, method)
    data = input.detach()
    scale = get_scale(data, N_bits) * 2 ** (N_bits - 1)
    return (scale if scale > 0 else torch.ones_like(scale)), 0
