"""
differs = "takes scales and zero points as tensors only, as older handouts write them"
"""


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    low, high = _limits(N_bits, signed)
    codes = torch.round(input / scale.float()) - zero_point.float()
    return torch.clamp(codes, low, high)


def linear_dequantize(input, scale, zero_point):
    return (input + zero_point.float()) * scale.float()


def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    data = input.detach()
    if method == "sym":
        scale = data.abs().max() / 2 ** (N_bits - 1)
    elif method == "asym":
        scale = data.max().clamp(min=0) / (2**N_bits - 1)
    elif method == "heuristic":
        scale = _search(data, N_bits)
    elif method == "SAWB":
        scale = get_scale(data, N_bits)
    else:
        raise ValueError("didn't find quantization method")
    return (scale if scale != 0 else torch.ones_like(scale)), torch.tensor(0.0)


def _search(data, N_bits):
    zero = torch.tensor(0.0)
    scales = data.abs().max() / 2 ** (N_bits - 1) * torch.linspace(0.01, 1.6, 320)
    errors = []
    for scale in scales:
        codes = linear_quantize(data, scale, zero, N_bits)
        errors.append((data - linear_dequantize(codes, scale, zero)).square().mean())
    return scales[int(torch.argmin(torch.stack(errors)))]


class _quantize_func_STE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, scale, zero_point, N_bits, signed=True):
        ctx.save_for_backward(scale, zero_point)
        return linear_quantize(input, scale, zero_point, N_bits, signed)

    @staticmethod
    def backward(ctx, grad_output):
        scale, _ = ctx.saved_tensors
        return grad_output / scale, None, None, None, None


linear_quantize_STE = _quantize_func_STE.apply


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    sums = integer_linear(input, weight).long()
    if bias is not None:
        sums = sums + bias
    return input_scale.float() * weight_scale.float() * sums


def quantized_conv2d_function(
    input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
):
    sums = integer_conv2d(input, weight, stride, padding, dilation, groups).long()
    if bias is not None:
        sums = sums + bias.view(-1, 1, 1)
    return input_scale.float() * weight_scale.float() * sums
