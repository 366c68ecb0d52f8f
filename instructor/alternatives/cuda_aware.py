"""
differs = "computes on the GPU if there is one, and moves results back"
"""

import torch
import torch.nn.functional as F

device = "cuda" if torch.cuda.is_available() else "cpu"


def on_device(t):
    return t.to(device) if torch.is_tensor(t) else t


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    home = input.device
    x, s, z = on_device(input), on_device(scale), on_device(zero_point)
    if signed:
        codes = torch.clamp(torch.round(x / s) - z, -(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1)
    else:
        codes = torch.clamp(torch.round(x / s) - z, 0, 2**N_bits - 1)
    return codes.to(home)


def linear_dequantize(input, scale, zero_point):
    x = on_device(scale) * (on_device(input) + on_device(zero_point))
    return x.to(input.device)


def integer_linear(input, weight):
    if input.dtype != torch.int32 or weight.dtype != torch.int32:
        raise TypeError("int32 only")
    # no integer matmul on CUDA, and float32 is only exact up to 2^24
    out = F.linear(on_device(input).double(), on_device(weight).double())
    return back_to_int32(out, input.device)


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    if input.dtype != torch.int32 or weight.dtype != torch.int32:
        raise TypeError("int32 only")
    x, w = on_device(input).double(), on_device(weight).double()
    with torch.backends.cudnn.flags(enabled=False):
        out = F.conv2d(x, w, None, stride, padding, dilation, groups)
    return back_to_int32(out, input.device)


def back_to_int32(out, home):
    out = out.round()
    if out.max() > 2147483647 or out.min() < -2147483648:
        raise OverflowError("int32 is too small")
    return out.to(torch.int32).to(home)


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    out = integer_linear(on_device(input), on_device(weight))
    if bias is not None:
        out = out.long() + bias.to(out.device)
    scale = on_device(input_scale) * on_device(weight_scale)
    return (scale * out.to(device)).to(input.device)
