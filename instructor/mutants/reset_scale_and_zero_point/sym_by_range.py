"""
fault = "sym: largest minus smallest number over 2^b - 1"
sentence = "Your scale spreads the codes from the smallest to the largest number, which needs a \
zero point. sym has zero point 0 and s = max |x| / 2^(b-1)."
caught_by = ["1a.reset.sym"]
"""

import torch

other_methods = reset_scale_and_zero_point


def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    if method != "sym":
        return other_methods(input, N_bits, method)
    data = input.detach()
    scale = (data.max() - data.min()) / (2**N_bits - 1)
    return (scale if scale > 0 else torch.ones_like(scale)), 0
