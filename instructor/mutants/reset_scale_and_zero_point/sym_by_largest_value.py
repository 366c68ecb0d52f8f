"""
fault = "sym: max x instead of max |x|"
sentence = "sym takes the largest magnitude, max |x|; you seem to take the largest number, which \
misses negative numbers that are farther from zero."
caught_by = ["1a.reset.sym"]
"""

import torch

other_methods = reset_scale_and_zero_point


def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    if method != "sym":
        return other_methods(input, N_bits, method)
    data = input.detach()
    scale = data.max().clamp(min=0) / 2 ** (N_bits - 1)
    return (scale if scale > 0 else torch.ones_like(scale)), 0
