"""
differs = "everything in double precision, also what is returned"
"""

import torch


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    x = input.double()
    low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
    return torch.clamp(torch.round(x / float(scale)) - float(zero_point), low, high)


def linear_dequantize(input, scale, zero_point):
    return float(scale) * (input.double() + float(zero_point))


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    out = integer_linear(input, weight).double()
    if bias is not None:
        out = out + bias.double()
    return float(input_scale) * float(weight_scale) * out


def quantized_conv2d_function(
    input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
):
    out = integer_conv2d(input, weight, stride, padding, dilation, groups).double()
    if bias is not None:
        out = out + bias.double()[None, :, None, None]
    return float(input_scale) * float(weight_scale) * out
