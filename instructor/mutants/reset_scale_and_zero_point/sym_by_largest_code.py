"""
fault = "sym: divides by 2^(b-1) - 1"
sentence = "sym is asked for as s = max |x| / 2^(b-1); you divide by 2^(b-1) - 1, the convention \
of a grid that is the same on both sides of zero."
caught_by = ["1a.reset.sym"]
"""

import torch

other_methods = reset_scale_and_zero_point


def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    if method != "sym":
        return other_methods(input, N_bits, method)
    data = input.detach()
    scale = data.abs().max() / (2 ** (N_bits - 1) - 1)
    return (scale if scale > 0 else torch.ones_like(scale)), 0
