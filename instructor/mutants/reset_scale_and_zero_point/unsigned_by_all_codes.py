"""
fault = "unsigned: divides by 2^b"
sentence = "The largest number must become the largest code, which is 2^b - 1 because counting \
begins at 0; you divide by 2^b."
caught_by = ["1a.reset.unsigned"]
"""

import torch

other_methods = reset_scale_and_zero_point


def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    if method not in ("unsigned", "asym"):
        return other_methods(input, N_bits, method)
    data = input.detach()
    scale = data.max().clamp(min=0) / 2**N_bits
    return (scale if scale > 0 else torch.ones_like(scale)), 0
