"""
differs = "codes are int32 tensors, ready for the integer layers"
"""

import torch


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    if signed:
        qmin, qmax = -(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1
    else:
        qmin, qmax = 0, 2**N_bits - 1
    q = torch.clamp(torch.round(input / scale) - zero_point, qmin, qmax)
    return q.to(dtype=torch.int32)


def linear_dequantize(input, scale, zero_point):
    return (input + zero_point).float() * scale


class _quantize_func_STE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, scale, zero_point, N_bits, signed=True):
        ctx.scale = scale
        q = linear_quantize(input, scale, zero_point, N_bits, signed)
        return q.type_as(input)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output.div(ctx.scale), None, None, None, None


linear_quantize_STE = _quantize_func_STE.apply
