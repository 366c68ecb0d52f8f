"""
fault = "keeps only the sign of the gradient"
sentence = "Your gradient keeps only the sign of the one that comes in; the identity passes its \
size on too."
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
        return torch.sign(grad_output) / ctx.scale, None, None, None, None


linear_quantize_STE = _quantize_func_STE.apply
