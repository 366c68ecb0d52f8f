"""
fault = "gradient in the place of the scale"
sentence = "No gradient reaches the input: backward returns one value per argument of forward, \
in their order, and the gradient of the input comes first."
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
        return None, grad_output / ctx.scale, None, None, None


linear_quantize_STE = _quantize_func_STE.apply
