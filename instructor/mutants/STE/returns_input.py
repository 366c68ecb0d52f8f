"""
fault = "forward returns the input"
sentence = "The forward pass returns the real numbers as they were. Only the gradient treats \
quantization as the identity; forward gives the codes of linear_quantize."
caught_by = ["2a.STE.forward", "2a.STE.arguments"]
"""

import torch


class _quantize_func_STE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, scale, zero_point, N_bits, signed=True):
        ctx.scale = scale
        return input.clone()

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output / ctx.scale, None, None, None, None


linear_quantize_STE = _quantize_func_STE.apply
