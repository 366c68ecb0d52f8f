"""
fault = "no gradient for clipped elements"
sentence = "Your gradient is zero where a number was clipped. The straight-through estimator of \
this assignment counts as the identity for every element, clipped or not."
caught_by = ["2a.STE.gradient", "2a.STE.arguments"]
"""

import torch


class _quantize_func_STE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, scale, zero_point, N_bits, signed=True):
        ctx.scale = scale
        raw = torch.round(input / scale) - zero_point
        codes = linear_quantize(input, scale, zero_point, N_bits, signed)
        ctx.inside = codes == raw
        return codes

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output * ctx.inside / ctx.scale, None, None, None, None


linear_quantize_STE = _quantize_func_STE.apply
