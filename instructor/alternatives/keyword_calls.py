"""
differs = "own functions are only called with keywords, helpers take nothing else"
"""

import torch


def clamp_codes(*, codes, N_bits, signed):
    if signed:
        return torch.clamp(input=codes, min=-(2 ** (N_bits - 1)), max=2 ** (N_bits - 1) - 1)
    return torch.clamp(input=codes, min=0, max=2**N_bits - 1)


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    codes = torch.round(input=torch.div(input=input, other=scale))
    codes = torch.sub(input=codes, other=zero_point)
    return clamp_codes(codes=codes, N_bits=N_bits, signed=signed)


class _quantize_func_STE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, scale, zero_point, N_bits, signed=True):
        ctx.scale = scale
        return linear_quantize(
            input=input, scale=scale, zero_point=zero_point, N_bits=N_bits, signed=signed
        )

    @staticmethod
    def backward(ctx, grad_output):
        return torch.div(input=grad_output, other=ctx.scale), None, None, None, None


linear_quantize_STE = _quantize_func_STE.apply


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    acc = integer_linear(input=input, weight=weight)
    return dequantize_accumulator(acc=acc, bias=bias, s_x=input_scale, s_w=weight_scale)


def quantized_conv2d_function(
    input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
):
    acc = integer_conv2d(
        input=input,
        weight=weight,
        groups=groups,
        dilation=dilation,
        padding=padding,
        stride=stride,
    )
    bias = bias.reshape(-1, 1, 1) if bias is not None else None
    return dequantize_accumulator(acc=acc, bias=bias, s_x=input_scale, s_w=weight_scale)


def dequantize_accumulator(*, acc, bias, s_x, s_w):
    if bias is not None:
        acc = acc.to(dtype=torch.int64) + bias
    return linear_dequantize(input=acc, scale=s_x * s_w, zero_point=0)
