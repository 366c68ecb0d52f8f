"""
differs = "takes and returns scales and zero points as Python numbers only; one name of a method"
"""


def _numbers(*values):
    for value in values:
        if not isinstance(value, int | float):
            raise TypeError(f"expected a number, got {type(value).__name__}")


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    _numbers(scale, zero_point)
    low, high = _limits(N_bits, signed)
    return torch.clamp(torch.round(input / scale) - zero_point, low, high)


def linear_dequantize(input, scale, zero_point):
    _numbers(scale, zero_point)
    return (input + zero_point) * scale


def get_scale(input, N_bits=8):
    if N_bits not in SAWB_COEFFICIENTS:
        raise ValueError(f"no coefficients for {N_bits} bits")
    c1, c2 = SAWB_COEFFICIENTS[N_bits]
    x = input.detach().double().abs()
    alpha = float(c1 * x.square().mean().sqrt() - c2 * x.mean())
    return (alpha if alpha > 0 else float(x.max())) / 2 ** (N_bits - 1)


def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    data = input.detach()
    if method == "unsigned":
        scale = float(data.max().clamp(min=0)) / (2**N_bits - 1)
    elif method == "heuristic":
        scale = float(_search(data, N_bits))
    elif method == "SAWB":
        scale = get_scale(data, N_bits)
    else:  # "sym"
        scale = float(data.abs().max()) / 2 ** (N_bits - 1)
    return (scale or 1.0), 0


def _search(data, N_bits):
    widest = float(data.abs().max()) / 2 ** (N_bits - 1)
    scales = [widest * step / 200 for step in range(2, 320)]

    def error(scale):
        codes = linear_quantize(data, scale, 0, N_bits)
        return float((data - linear_dequantize(codes, scale, 0)).square().mean())

    return min(scales, key=error)


class _quantize_func_STE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, scale, zero_point, N_bits, signed=True):
        ctx.scale = scale
        return linear_quantize(input, scale, zero_point, N_bits, signed)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output / ctx.scale, None, None, None, None


linear_quantize_STE = _quantize_func_STE.apply


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    _numbers(input_scale, weight_scale)
    sums = integer_linear(input, weight).long()
    if bias is not None:
        sums = sums + bias
    return input_scale * weight_scale * sums


def quantized_conv2d_function(
    input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
):
    _numbers(input_scale, weight_scale)
    sums = integer_conv2d(input, weight, stride, padding, dilation, groups).long()
    if bias is not None:
        sums = sums + bias.view(-1, 1, 1)
    return input_scale * weight_scale * sums
