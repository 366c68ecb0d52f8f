"""
fault = "does not clip"
sentence = "Your codes leave the range L to U. Equation (1) clips last, after dividing and \
rounding, because L and U limit the codes and not the real numbers."
caught_by = [
    "1a.linear_quantize.signed",
    "1a.linear_quantize.unsigned",
    "1a.linear_quantize.zero_point",
    "1a.linear_quantize.every_width",
    "1a.linear_quantize.pure",
]
"""

import torch


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    return torch.round(input / scale) - zero_point
