"""
fault = "ignores the incoming gradient"
sentence = "Your gradient does not depend on the one that comes in. By the chain rule backward \
starts from grad_output, the gradient of the loss with respect to the codes."
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
        return torch.ones_like(grad_output) / ctx.scale, None, None, None, None


linear_quantize_STE = _quantize_func_STE.apply
