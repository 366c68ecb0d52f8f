"""
differs = "codes are int64 tensors"
"""

import torch


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    codes = torch.round(input / scale).long() - zero_point
    if signed:
        codes = torch.clamp(codes, -(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1)
    else:
        codes = torch.clamp(codes, 0, 2**N_bits - 1)
    return codes


class _quantize_func_STE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, scale, zero_point, N_bits, signed=True):
        ctx.s = scale
        # only floating point tensors can have gradients
        return linear_quantize(input, scale, zero_point, N_bits, signed).to(input.dtype)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output / ctx.s, None, None, None, None


linear_quantize_STE = _quantize_func_STE.apply
