"""
fault = "computes outside autograd, which cuts the gradient"
sentence = "Your numbers are right, but no gradient passes through: quantization-aware training \
needs one. Compute with tensors, without detach or numpy."
caught_by = ["1a.linear_dequantize.values"]
"""


def linear_dequantize(input, scale, zero_point):
    return scale * (input.detach() + zero_point)
