"""
fault = "multiplies the gradient by the scale"
sentence = "Your backward multiplies by the scale, and linear_dequantize does so too, so the \
gradient shrinks by its square; together they should be the identity."
caught_by = ["2a.STE.gradient", "2a.STE.arguments"]
"""

import torch


class _quantize_func_STE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, scale, zero_point, N_bits, signed=True):
        ctx.scale = scale
        return linear_quantize(input, scale, zero_point, N_bits, signed)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output * ctx.scale, None, None, None, None


linear_quantize_STE = _quantize_func_STE.apply
