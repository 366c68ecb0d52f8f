"""
fault = "sym: one scale per index of the first dimension"
sentence = "max |x| is taken over all elements and gives one scale for the whole tensor; you \
return one for each index of the first dimension."
caught_by = ["1a.reset.sym"]
"""

import torch

other_methods = reset_scale_and_zero_point


def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    if method != "sym":
        return other_methods(input, N_bits, method)
    data = input.detach()
    scale = data.flatten(1).abs().amax(1) / 2 ** (N_bits - 1)
    return torch.where(scale > 0, scale, 1.0), 0
