"""
fault = "gradient always zero"
sentence = "Your gradient is zero everywhere, as the true gradient of rounding is; nothing in \
front of it could learn. The estimator passes one on as if the rounding were not \
there."
caught_by = ["2a.STE.gradient", "2a.STE.arguments"]
"""

import torch


class _quantize_func_STE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, scale, zero_point, N_bits, signed=True):
        return linear_quantize(input, scale, zero_point, N_bits, signed)

    @staticmethod
    def backward(ctx, grad_output):
        return torch.zeros_like(grad_output), None, None, None, None


linear_quantize_STE = _quantize_func_STE.apply
