"""
fault = "divides the gradient by the scale twice"
sentence = "Your gradient is divided by the scale twice; linear_dequantize multiplies by it \
once, and the two together should be the identity."
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
        return grad_output / ctx.scale / ctx.scale, None, None, None, None


linear_quantize_STE = _quantize_func_STE.apply
