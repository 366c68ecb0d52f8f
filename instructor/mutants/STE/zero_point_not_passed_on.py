"""
fault = "forward ignores the zero point"
sentence = "The forward pass ignores the zero point: its codes must be exactly those of \
linear_quantize with the same arguments."
caught_by = ["2a.STE.arguments"]
"""

import torch


class _quantize_func_STE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, scale, zero_point, N_bits, signed=True):
        ctx.scale = scale
        return linear_quantize(input, scale, 0, N_bits, signed)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output / ctx.scale, None, None, None, None


linear_quantize_STE = _quantize_func_STE.apply
