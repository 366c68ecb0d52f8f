"""
fault = "passes the gradient on unscaled"
sentence = "Your gradient passes through unchanged. Quantization followed by recovery should be \
the identity, and linear_dequantize multiplies the gradient by the scale: the other \
half has to undo that."
caught_by = ["2a.STE.gradient", "2a.STE.arguments"]
"""

import torch


class _quantize_func_STE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, scale, zero_point, N_bits, signed=True):
        return linear_quantize(input, scale, zero_point, N_bits, signed)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output, None, None, None, None


linear_quantize_STE = _quantize_func_STE.apply
