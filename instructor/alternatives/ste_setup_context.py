"""
differs = "STE with setup_context, behind a function with keywords"
"""

import torch


class _quantize_func_STE(torch.autograd.Function):
    @staticmethod
    def forward(input, scale, zero_point, N_bits, signed=True):
        return linear_quantize(input, scale, zero_point, N_bits, signed)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.scale = inputs[1]

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output / ctx.scale, None, None, None, None


def linear_quantize_STE(input, scale, zero_point, N_bits, signed=True):
    return _quantize_func_STE.apply(input, scale, zero_point, N_bits, signed)
