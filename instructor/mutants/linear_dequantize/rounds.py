"""
fault = "rounds the recovered numbers"
sentence = "Only codes are integers: equation (3) gives real numbers, which are multiples of the \
scale, and your result has been rounded to integers once more."
caught_by = ["1a.linear_dequantize.values", "1a.linear_dequantize.zero_point"]
"""

import torch


def linear_dequantize(input, scale, zero_point):
    return torch.round(scale * (input + zero_point))
