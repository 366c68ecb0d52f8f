"""
fault = "forward returns recovered real numbers"
sentence = "The forward pass returns recovered real numbers; it stops at the codes of \
linear_quantize, and linear_dequantize is applied to them afterwards."
caught_by = ["2a.STE.forward", "2a.STE.arguments"]
"""

import torch


class _quantize_func_STE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, scale, zero_point, N_bits, signed=True):
        ctx.scale = scale
        codes = linear_quantize(input, scale, zero_point, N_bits, signed)
        return linear_dequantize(codes, scale, zero_point)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output / ctx.scale, None, None, None, None


linear_quantize_STE = _quantize_func_STE.apply
