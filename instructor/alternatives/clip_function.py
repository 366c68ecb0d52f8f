"""
differs = "torch.clip, and operations in place on a copy"
"""

import torch


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    codes = torch.clone(input).detach()
    codes.div_(scale).round_().sub_(zero_point)
    if signed:
        return torch.clip(codes, min=-(2 ** (N_bits - 1)), max=2 ** (N_bits - 1) - 1)
    return torch.clip(codes, min=0, max=2**N_bits - 1)


def linear_dequantize(input, scale, zero_point):
    return input.add(zero_point).mul(scale)


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    y = integer_linear(input, weight).to(torch.float64)
    if bias is not None:
        y.add_(bias)
    return y.mul_(input_scale).mul_(weight_scale).to(torch.float32)
