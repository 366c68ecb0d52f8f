"""
differs = "results are not contiguous: transposed storage, channels last"
"""

import torch


def other_order(t):
    """The same tensor with its dimensions stored in the opposite order."""
    dims = tuple(reversed(range(t.dim())))
    return t.permute(dims).contiguous().permute(dims)


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
    return other_order((torch.round(input / scale) - zero_point).clamp(low, high))


def linear_dequantize(input, scale, zero_point):
    return other_order(scale * (input + zero_point))


def integer_linear(input, weight):
    if input.dtype != torch.int32 or weight.dtype != torch.int32:
        raise TypeError("int32 needed")
    # (out, in) @ (in, batch), turned back
    rows = input.reshape(-1, input.shape[-1]).double()
    out = weight.double() @ rows.t()
    if out.abs().max() >= 2**31:
        raise OverflowError("int32 exceeded")
    return other_order(out.int().t().reshape(*input.shape[:-1], len(weight)))


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    if input.dtype != torch.int32 or weight.dtype != torch.int32:
        raise TypeError("int32 needed")
    x = input.double().to(memory_format=torch.channels_last)
    w = weight.double().to(memory_format=torch.channels_last)
    out = torch.conv2d(x, w, None, stride, padding, dilation, groups)
    if out.abs().max() >= 2**31:
        raise OverflowError("int32 exceeded")
    return out.int().contiguous(memory_format=torch.channels_last)


def quantized_conv2d_function(
    input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
):
    acc = integer_conv2d(input, weight, stride, padding, dilation, groups).permute(0, 2, 3, 1)
    if bias is not None:
        acc = acc + bias
    return (acc * (input_scale * weight_scale)).permute(0, 3, 1, 2)
