"""
differs = "every function but linear_quantize writes into its arguments; its results are right"
"""


def linear_dequantize(input, scale, zero_point):
    input += zero_point
    input *= scale
    return input


def get_scale(input, N_bits=8):
    if N_bits not in SAWB_COEFFICIENTS:
        raise ValueError(f"no coefficients for {N_bits} bits")
    c1, c2 = SAWB_COEFFICIENTS[N_bits]
    x = input.detach().abs_()
    alpha = c1 * x.square().mean().sqrt() - c2 * x.mean()
    if alpha <= 0:
        alpha = x.max()
    return (alpha / 2 ** (N_bits - 1)).to(input.dtype)


def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    data = input.detach()
    if method == "SAWB":
        scale = get_scale(data, N_bits)
    elif method == "heuristic":
        scale = _scale_of_least_error(data.clone(), N_bits)
        data.zero_()
    elif method == "sym":
        scale = data.abs_().max() / 2 ** (N_bits - 1)
    elif method in ("unsigned", "asym"):
        scale = data.clamp_(min=0).max() / (2**N_bits - 1)
    else:
        raise ValueError(f"unknown method {method!r}")
    return (scale if scale != 0 else torch.ones_like(scale)), 0


class _quantize_func_STE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, scale, zero_point, N_bits, signed=True):
        ctx.scale = scale.clone() if isinstance(scale, Tensor) else scale
        low, high = _limits(N_bits, signed)
        return input.detach().div_(scale).round_().sub_(zero_point).clamp_(low, high).clone()

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output / ctx.scale, None, None, None, None


linear_quantize_STE = _quantize_func_STE.apply


def integer_linear(input, weight):
    rows = weight.t_().double()
    return (input.double() @ rows).to(torch.int32)


def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    low, weights = (input & 0xFFFF).double(), weight.double()
    input >>= 16
    low = F.conv2d(low, weights, None, stride, padding, dilation, groups)
    high = F.conv2d(input.double(), weights, None, stride, padding, dilation, groups)
    return (low + 2**16 * high).to(torch.int32)


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    sums = integer_linear(input, weight).long()
    if bias is not None:
        sums = sums + bias
    scale = input_scale
    scale *= weight_scale
    return scale * sums


def quantized_conv2d_function(
    input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
):
    sums = integer_conv2d(input, weight, stride, padding, dilation, groups).long()
    if bias is not None:
        sums = sums + bias.unsqueeze_(-1).unsqueeze_(-1)
    return input_scale * weight_scale * sums
