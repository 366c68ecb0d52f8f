"""
differs = "codes in the narrowest dtype that holds them: int8, int16 for unsigned ones, int32"
"""

import torch


def smallest_dtype(high):
    for dtype in (torch.int8, torch.int16):
        if high <= torch.iinfo(dtype).max:
            return dtype
    return torch.int32


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    low = -(2 ** (N_bits - 1)) if signed else 0
    high = low + 2**N_bits - 1
    codes = torch.clamp(torch.round(input / scale) - zero_point, low, high)
    return codes.to(smallest_dtype(high))


def linear_dequantize(input, scale, zero_point):
    # 127 + z would overflow int8
    return scale * (input.to(torch.float32) + zero_point)


class _quantize_func_STE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, scale, zero_point, N_bits, signed=True):
        ctx.scale = scale
        return linear_quantize(input, scale, zero_point, N_bits, signed).to(input.dtype)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output / ctx.scale, None, None, None, None


linear_quantize_STE = _quantize_func_STE.apply
