"""
fault = "unsigned: divides by 2^(b-1) - 1"
sentence = "You divide by 2^(b-1) - 1, the largest signed code. The largest unsigned code is 2^b \
- 1, and it is the one that the largest number must get."
caught_by = ["1a.reset.unsigned"]
"""

import torch

other_methods = reset_scale_and_zero_point


def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    if method not in ("unsigned", "asym"):
        return other_methods(input, N_bits, method)
    data = input.detach()
    scale = data.max().clamp(min=0) / (2 ** (N_bits - 1) - 1)
    return (scale if scale > 0 else torch.ones_like(scale)), 0
