"""Correct quantization, written differently."""

import torch


@correct("torch.clip, and operations in place on a copy")
def clip_function():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        codes = torch.clone(input).detach()
        codes.div_(scale).round_().sub_(zero_point)
        if signed:
            return torch.clip(codes, min=-(2 ** (N_bits - 1)), max=2 ** (N_bits - 1) - 1)
        return torch.clip(codes, min=0, max=2**N_bits - 1)

    def linear_dequantize(input, scale, zero_point):
        return input.add(zero_point).mul(scale)

    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        y = integer_linear(input, weight).to(torch.float64)
        if bias is not None:
            y.add_(bias)
        return y.mul_(input_scale).mul_(weight_scale).to(torch.float32)


@correct("everything in double precision, also what is returned")
def codes_float64():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        x = input.double()
        low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
        return torch.clamp(torch.round(x / float(scale)) - float(zero_point), low, high)

    def linear_dequantize(input, scale, zero_point):
        return float(scale) * (input.double() + float(zero_point))

    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        out = integer_linear(input, weight).double()
        if bias is not None:
            out = out + bias.double()
        return float(input_scale) * float(weight_scale) * out

    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        out = integer_conv2d(input, weight, stride, padding, dilation, groups).double()
        if bias is not None:
            out = out + bias.double()[None, :, None, None]
        return float(input_scale) * float(weight_scale) * out


@correct("codes are int32 tensors, ready for the integer layers")
def codes_int32():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        if signed:
            qmin, qmax = -(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1
        else:
            qmin, qmax = 0, 2**N_bits - 1
        q = torch.clamp(torch.round(input / scale) - zero_point, qmin, qmax)
        return q.to(dtype=torch.int32)

    def linear_dequantize(input, scale, zero_point):
        return (input + zero_point).float() * scale

    class _quantize_func_STE(torch.autograd.Function):
        @staticmethod
        def forward(ctx, input, scale, zero_point, N_bits, signed=True):
            ctx.scale = scale
            q = linear_quantize(input, scale, zero_point, N_bits, signed)
            return q.type_as(input)

        @staticmethod
        def backward(ctx, grad_output):
            return grad_output.div(ctx.scale), None, None, None, None

    linear_quantize_STE = _quantize_func_STE.apply


@correct("codes are int64 tensors")
def codes_int64():
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


@correct("codes in the narrowest dtype that holds them: int8, int16 for unsigned ones, int32")
def codes_int8_int16():
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


@correct("torch.minimum and torch.maximum with tensors as limits")
def minimum_maximum():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        if signed:
            L, U = -(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1
        else:
            L, U = 0, 2**N_bits - 1
        L = torch.tensor(L, dtype=input.dtype, device=input.device)
        U = torch.tensor(U, dtype=input.dtype, device=input.device)
        codes = torch.round(input / scale) - zero_point
        return torch.minimum(torch.maximum(codes, L), U)


@correct("multiplies by 1 / s everywhere instead of dividing")
def reciprocal_multiply():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        inv_scale = 1.0 / scale
        x_int = torch.round(input * inv_scale) - zero_point
        n = 2 ** (N_bits - 1)
        return x_int.clamp(-n, n - 1) if signed else x_int.clamp(0, 2 * n - 1)

    class _quantize_func_STE(torch.autograd.Function):
        @staticmethod
        def forward(ctx, input, scale, zero_point, N_bits, signed=True):
            ctx.inv_scale = 1.0 / scale
            return linear_quantize(input, scale, zero_point, N_bits, signed)

        @staticmethod
        def backward(ctx, grad_output):
            return grad_output * ctx.inv_scale, None, None, None, None

    linear_quantize_STE = _quantize_func_STE.apply

    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        x = input.detach()
        if method == "sym":
            s = x.abs().max() * 2.0 ** (1 - N_bits)
        elif method in {"unsigned", "asym"}:
            s = x.max().clamp(min=0) * (1 / (2**N_bits - 1))
        elif method == "SAWB":
            s = get_scale(x, N_bits)
        elif method == "heuristic":
            alphas = x.abs().max() * torch.linspace(0.01, 1.6, 400, dtype=x.dtype)
            trials = alphas[alphas > 0] * 2.0 ** (1 - N_bits)
            s = min(trials, key=lambda t: error_of(x, t, N_bits), default=torch.zeros_like(x.sum()))
        else:
            raise ValueError(f"{method} is not a method")
        return torch.where(s == 0, torch.ones_like(s), s), 0

    def error_of(x, s, N_bits):
        return torch.mean((x - s * linear_quantize(x, s, 0, N_bits)) ** 2).item()


@correct("halves rounded away from zero, as in C")
def ties_away_from_zero():
    def c_round(t):
        return torch.sign(t) * torch.floor(torch.abs(t) + 0.5)

    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        if signed:
            lo, hi = -(1 << (N_bits - 1)), (1 << (N_bits - 1)) - 1
        else:
            lo, hi = 0, (1 << N_bits) - 1
        return (c_round(input / scale) - zero_point).clamp(min=lo, max=hi)


@correct("halves rounded up: floor(x / s + 1/2)")
def ties_half_up():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        # round half up
        q = torch.floor(input / scale + 0.5) - zero_point
        if signed:
            return torch.clamp(q, -(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1)
        return torch.clamp(q, 0, 2**N_bits - 1)


@correct("halves rounded to even, written out with floor and the parity")
def ties_to_even_by_hand():
    def round_half_even(x):
        below = torch.floor(x)
        rest = x - below
        odd = torch.remainder(below, 2) == 1
        up = (rest > 0.5) | ((rest == 0.5) & odd)
        return below + up.to(x.dtype)

    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        codes = round_half_even(torch.div(input, scale)).sub(zero_point)
        levels = 2**N_bits
        smallest = -levels // 2 if signed else 0
        return codes.clamp(smallest, smallest + levels - 1)


@correct("torch.where for clipping, for the choice of alpha and for zeros")
def where_instead_of_clamp():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        lowest = -(2 ** (N_bits - 1)) if signed else 0
        highest = 2 ** (N_bits - 1) - 1 if signed else 2**N_bits - 1
        q = torch.round(input / scale) - zero_point
        q = torch.where(q < lowest, lowest, q)
        return torch.where(q > highest, highest, q)

    def get_scale(input, N_bits=8):
        try:
            c1, c2 = SAWB_COEFFICIENTS[N_bits]
        except KeyError:
            raise ValueError(f"{N_bits} bits are not in the table") from None
        e_abs = input.abs().double().mean()
        e_sq = (input.double() ** 2).mean()
        alpha = c1 * torch.sqrt(e_sq) - c2 * e_abs
        alpha = torch.where(alpha > 0, alpha, input.abs().max().double())
        return (alpha / 2 ** (N_bits - 1)).to(input.dtype)


@correct("round(x / s - z): the zero point is subtracted before rounding")
def zero_point_before_rounding():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        shifted = input / scale - zero_point
        rounded = torch.round(shifted)
        if signed is True:
            lower_bound = -(2 ** (N_bits - 1))
            upper_bound = 2 ** (N_bits - 1) - 1
        else:
            lower_bound = 0
            upper_bound = 2**N_bits - 1
        return torch.clamp(rounded, lower_bound, upper_bound)

    def linear_dequantize(input, scale, zero_point):
        return input * scale + zero_point * scale
