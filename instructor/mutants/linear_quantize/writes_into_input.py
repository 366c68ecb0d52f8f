"""
fault = "writes the codes into the argument"
sentence = "Your code writes into the tensor that it was given, so the caller's real numbers are \
lost. Compute the codes as a new tensor and leave the input as it is."
caught_by = ["1a.linear_quantize.pure"]
"""

import torch


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
    return torch.clamp(torch.round(input / scale) - zero_point, low, high, out=input)
