"""
fault = "sym: returns max |x|"
sentence = "You return max |x|, the whole range; the scale is the width of one step, so it is \
divided by the 2^(b-1) steps."
caught_by = ["1a.reset.sym"]
"""

import torch

other_methods = reset_scale_and_zero_point


def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    if method != "sym":
        return other_methods(input, N_bits, method)
    data = input.detach()
    scale = data.abs().max()
    return (scale if scale > 0 else torch.ones_like(scale)), 0
