"""
fault = "unsigned: subtracts the smallest number"
sentence = "Your range begins at the smallest number of the data, but with the zero point 0 the \
code 0 stands for the number 0. The range goes from 0 to the largest number."
caught_by = ["1a.reset.unsigned"]
"""

import torch

other_methods = reset_scale_and_zero_point


def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    if method not in ("unsigned", "asym"):
        return other_methods(input, N_bits, method)
    data = input.detach()
    scale = (data.max() - data.min()) / (2**N_bits - 1)
    return (scale if scale > 0 else torch.ones_like(scale)), 0
