"""
differs = "integer_linear: broadcast product and sum in int64"
"""

import torch


def integer_linear(input, weight):
    if input.dtype != torch.int32 or weight.dtype != torch.int32:
        raise TypeError("integer_linear needs two int32 tensors")
    products = input.unsqueeze(-2).to(torch.int64) * weight.to(torch.int64)
    out = products.sum(dim=-1)
    if (out.abs() > 2**31 - 1).any():
        raise OverflowError("sum does not fit into int32")
    return out.to(torch.int32)


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    out = integer_linear(input, weight)
    if bias is not None:
        out = out + bias.expand_as(out)
    return out * input_scale * weight_scale
