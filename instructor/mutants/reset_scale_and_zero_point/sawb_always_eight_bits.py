"""
fault = "SAWB: get_scale with the default width"
sentence = "SAWB calls get_scale with its default of 8 bits in your code; the bit width must be \
passed on."
caught_by = ["1a.reset.SAWB"]
"""

import torch

other_methods = reset_scale_and_zero_point


def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    if method != "SAWB":
        return other_methods(input, N_bits, method)
    data = input.detach()
    scale = get_scale(data)
    return (scale if scale > 0 else torch.ones_like(scale)), 0
