"""
differs = "a whole file with older constants, float on CUDA, int32 on the CPU, layer classes"
whole = true
"""

import torch
import torch.nn.functional as F
from torch import nn

# (c1, c2); only 2, 4 and 8 bits are needed
COEFFICIENTS = {2: (3.2154, 2.1801), 4: (12.987, 13.156), 8: (31.25, 33.906)}
OTHER_COEFFICIENTS = {
    3: (8.411, 7.537),
    5: (17.786, 18.498),
    6: (22.920, 24.484),
    7: (28.164, 30.620),
}


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    if signed:
        lower_bound, upper_bound = -(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1
    else:
        lower_bound, upper_bound = 0, 2**N_bits - 1
    return torch.clamp(torch.round(input / scale) - zero_point, lower_bound, upper_bound)


def linear_dequantize(input, scale, zero_point):
    return (input + zero_point) * scale


def get_scale(input, N_bits=8):
    coefficients = {**OTHER_COEFFICIENTS, **COEFFICIENTS}
    if N_bits not in coefficients:
        raise ValueError(f"no SAWB coefficients for {N_bits} bits")
    c1, c2 = coefficients[N_bits]
    std = (input.double() ** 2).mean().sqrt()
    mean = input.double().abs().mean()
    alpha = c1 * std - c2 * mean
    if alpha <= 0:
        alpha = input.abs().max()
    return (alpha / 2 ** (N_bits - 1)).to(input.dtype).detach()


def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    with torch.no_grad():
        zero_point = torch.tensor(0.0)
        max_abs = input.abs().max()
        if method == "heuristic":
            best_mse = float("inf")
            step_size = max_abs / 2 ** (N_bits - 1)
            for i in range(4, 320):
                s = max_abs * i / 200 / 2 ** (N_bits - 1)
                x_hat = linear_dequantize(linear_quantize(input, s, 0, N_bits), s, 0)
                mse = F.mse_loss(x_hat, input).item()
                if mse < best_mse:
                    best_mse, step_size = mse, s
        elif method == "SAWB":
            step_size = get_scale(input, N_bits)
        elif method == "sym":
            step_size = max_abs / 2 ** (N_bits - 1)
        elif method in ("asym", "unsigned"):
            step_size = input.max().clamp(min=0) / (2**N_bits - 1)
        else:
            raise ValueError("didn't find quantization method")
        if step_size == 0:
            step_size = torch.ones_like(max_abs)
        return step_size, zero_point


class _quantize_func_STE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, scale, zero_point, N_bits, signed=True):
        ctx.scale = scale
        return linear_quantize(input, scale, zero_point, N_bits, signed)

    @staticmethod
    def backward(ctx, grad_output):
        grad_input = grad_output / ctx.scale
        return grad_input, None, None, None, None


linear_quantize_STE = _quantize_func_STE.apply


def integer_linear(input, weight):
    assert input.dtype == torch.int32, "input must be int32"
    assert weight.dtype == torch.int32, "weight must be int32"
    if "cuda" in input.device.type:
        output = F.linear(input.double(), weight.double())  # integers up to 2^53
        return output.round().to(torch.int32)
    return F.linear(input, weight)


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    assert input.dtype == torch.int32
    assert weight.dtype == torch.int32
    if "cuda" in input.device.type:
        x, w = input.double(), weight.double()
        output = F.conv2d(x, w, None, stride, padding, dilation, groups)
        return output.round().to(torch.int32)
    if dilation not in (1, (1, 1)):  # torch dilates int64 convolutions, but not int32 ones
        input, weight = input.long(), weight.long()
    return F.conv2d(input, weight, None, stride, padding, dilation, groups).to(torch.int32)


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    if bias is None:
        return input_scale * weight_scale * integer_linear(input, weight)
    return input_scale * weight_scale * (integer_linear(input, weight) + bias)


def quantized_conv2d_function(
    input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
):
    output = integer_conv2d(input, weight, stride, padding, dilation, groups)
    if bias is not None:
        output = output + bias.view(1, -1, 1, 1)
    return input_scale * weight_scale * output


class Quantized_Linear(nn.Linear):
    def __init__(self, in_features, out_features, bias=True, N_bits=8, method="SAWB"):
        super().__init__(in_features, out_features, bias)
        self.N_bits, self.method = N_bits, method

    def quantized_weight(self):
        scale, zero_point = reset_scale_and_zero_point(self.weight, self.N_bits, self.method)
        codes = linear_quantize_STE(self.weight, scale, zero_point, self.N_bits)
        return linear_dequantize(codes, scale, zero_point)

    def forward(self, input):
        return F.linear(input, self.quantized_weight(), self.bias)


class Quantized_Conv2d(nn.Conv2d):
    def __init__(self, *args, N_bits=8, method="SAWB", **kwargs):
        super().__init__(*args, **kwargs)
        self.N_bits, self.method = N_bits, method

    def forward(self, input):
        scale, zero_point = reset_scale_and_zero_point(self.weight, self.N_bits, self.method)
        codes = linear_quantize_STE(self.weight, scale, zero_point, self.N_bits)
        return self._conv_forward(input, linear_dequantize(codes, scale, zero_point), self.bias)


def variable_precision_search(
    layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
):
    candidates = sorted(candidate_bits)
    for n_bits in candidates:
        n_bits_dict = dict.fromkeys(layer_sizes, n_bits)
        if evaluate(dict(n_bits_dict)) > accuracy_floor:
            break
    else:
        return n_bits_dict
    # largest layers first
    for layer in sorted(layer_sizes, key=lambda name: -layer_sizes[name]):
        for n_bits in [c for c in candidates if c < n_bits_dict[layer]][::-1]:
            attempt = {**n_bits_dict, layer: n_bits}
            if evaluate(dict(attempt)) > accuracy_floor:
                n_bits_dict = attempt
            else:
                break
    return n_bits_dict
