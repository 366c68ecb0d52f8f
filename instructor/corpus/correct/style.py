"""Correct functions in unusual styles of Python."""

import functools
import logging
import sys
import warnings
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from numpy.lib.stride_tricks import sliding_window_view
from scipy import optimize


@correct("every function but linear_quantize writes into its arguments; its results are right")
def arguments_changed_in_place():
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


@correct("computes on the GPU if there is one, and moves results back")
def cuda_aware():
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


@correct("results are views of expanded or larger tensors")
def expanded_views():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        L, U = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
        # rounded and clipped codes next to each other, the second one is returned
        rounded = torch.round(input / scale) - zero_point
        both = torch.stack((rounded, rounded.clamp(L, U)), dim=-1)
        return both[..., 1]

    def get_scale(input, N_bits=8):
        if N_bits not in SAWB_COEFFICIENTS:
            raise ValueError(f"cannot do {N_bits} bits")
        c = torch.tensor(SAWB_COEFFICIENTS[N_bits], dtype=torch.float64, device=input.device)
        x = input.detach().double()
        moments = torch.stack((x.pow(2).mean().sqrt(), x.abs().mean()))
        alpha = (c * moments)[0] - (c * moments)[1]
        if alpha <= 0:
            alpha = x.abs().max()
        return (alpha / 2 ** (N_bits - 1)).to(input.dtype).expand(3, 4)[2, :1]

    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        x = input.detach().reshape(-1)
        if method == "sym":
            s = x.abs().topk(1).values / 2 ** (N_bits - 1)
        elif method in ("unsigned", "asym"):
            s = x.topk(1).values.clamp(min=0) / (2**N_bits - 1)
        elif method == "SAWB":
            s = get_scale(x, N_bits)
        elif method == "heuristic":
            s = grid_search(x, N_bits)
        else:
            raise ValueError(f"{method}?")
        s = s if float(s) > 0 else torch.ones_like(s)
        return s.expand(1)[0], torch.zeros(1, dtype=torch.int64).expand(2)[1]

    def grid_search(x, N_bits):
        fractions = torch.linspace(0.005, 1.5, 400, dtype=x.dtype)
        trials = x.abs().max() * fractions / 2 ** (N_bits - 1)
        errors = [
            ((linear_quantize(x, s, 0, N_bits) * s - x) ** 2).mean() if s > 0 else s for s in trials
        ]
        return trials[torch.stack(errors).argmin()]

    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        acc = integer_linear(input, weight)
        if bias is None:
            bias = torch.zeros((), dtype=torch.int32, device=acc.device)
        acc = acc.long() + bias.long().expand_as(acc)
        return (acc * (input_scale * weight_scale)).expand(2, *acc.shape)[0]


@correct("a dataclass for the grid, with methods that the functions call")
def helper_dataclass():
    @dataclass(frozen=True)
    class Grid:
        bits: int
        signed: bool = True

        @property
        def lower(self):
            return -(2 ** (self.bits - 1)) if self.signed else 0

        @property
        def upper(self):
            return self.lower + 2**self.bits - 1

        def quantize(self, x, scale, zero_point):
            return torch.clamp(torch.round(x / scale) - zero_point, self.lower, self.upper)

        def dequantize(self, codes, scale, zero_point):
            return (codes + zero_point) * scale

        def error(self, x, scale):
            return (
                (x - self.dequantize(self.quantize(x, scale, 0), scale, 0)).square().mean().item()
            )

    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        return Grid(N_bits, signed).quantize(input, scale, zero_point)

    def linear_dequantize(input, scale, zero_point):
        return Grid(8).dequantize(input, scale, zero_point)

    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        grid, x = Grid(N_bits), input.detach()
        methods = {
            "sym": lambda: x.abs().max() / -grid.lower,
            "unsigned": lambda: x.max().clamp(min=0) / Grid(N_bits, signed=False).upper,
            "asym": lambda: x.max().clamp(min=0) / Grid(N_bits, signed=False).upper,
            "SAWB": lambda: get_scale(x, N_bits),
            "heuristic": lambda: least_error(grid, x),
        }
        if method not in methods:
            raise ValueError(f"{method!r} is none of {list(methods)}")
        scale = methods[method]()
        return (scale if scale != 0 else torch.ones_like(scale)), 0

    def least_error(grid, x):
        scales = x.abs().max() * torch.linspace(0.004, 1.6, 400, dtype=x.dtype) / -grid.lower
        errors = [grid.error(x, s) for s in scales if s > 0]
        return scales[errors.index(min(errors))] if errors else scales[0]


@correct("own functions are only called with keywords, helpers take nothing else")
def keyword_calls():
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


@correct("torch.no_grad decorators and cached limits")
def no_grad_and_lru_cache():
    @functools.lru_cache(maxsize=32)
    def code_limits(N_bits, signed):
        if signed:
            return (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1)
        return (0, 2**N_bits - 1)

    @functools.cache
    def sawb_coefficients(N_bits):
        try:
            return SAWB_COEFFICIENTS[N_bits]
        except KeyError as e:
            raise ValueError(f"N_bits={N_bits} is not supported") from e

    @torch.no_grad()
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        return torch.clamp(torch.round(input / scale) - zero_point, *code_limits(N_bits, signed))

    @torch.no_grad()
    def get_scale(input, N_bits=8):
        c1, c2 = sawb_coefficients(N_bits)
        alpha = c1 * (input**2).double().mean().sqrt() - c2 * input.abs().double().mean()
        return (alpha if alpha > 0 else input.abs().max()).to(input.dtype) / 2 ** (N_bits - 1)

    @torch.no_grad()
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method == "heuristic":
            scale = search(input, N_bits)
        elif method == "SAWB":
            scale = get_scale(input, N_bits)
        elif method == "sym":
            scale = input.abs().max() / -code_limits(N_bits, True)[0]
        elif method in ("unsigned", "asym"):
            scale = input.max().clamp_min(0) / code_limits(N_bits, False)[1]
        else:
            raise ValueError(f"unknown method {method!r}")
        return (scale if scale else scale + 1), 0

    def search(x, N_bits):
        L, U = code_limits(N_bits, True)

        @functools.cache
        def mse(s):
            return float(((x / s).round().clamp(L, U).mul(s) - x).pow(2).mean())

        largest = float(x.abs().max()) / U
        if largest == 0:
            return x.new_zeros(())
        best = min((largest * i / 200 for i in range(1, 320)), key=mse)
        best = min((best + largest * i / 4000 for i in range(-19, 20)), key=mse)
        return x.new_tensor(best)

    @torch.no_grad()
    def integer_linear(input, weight):
        if input.dtype != torch.int32 or weight.dtype != torch.int32:
            raise TypeError(f"{input.dtype} and {weight.dtype} instead of int32")
        out = torch.nn.functional.linear(input.double(), weight.double())
        if not torch.all(out == out.int()):
            raise OverflowError("no int32")
        return out.int()


@correct("numpy inside every function, torch only at the edges")
def numpy_everywhere():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        x = input.detach().cpu().numpy()
        low = -(2 ** (N_bits - 1)) if signed else 0
        high = low + 2**N_bits - 1
        codes = np.clip(np.rint(x / np.asarray(scale)) - np.asarray(zero_point), low, high)
        return torch.as_tensor(np.asarray(codes, dtype=x.dtype), device=input.device)

    def linear_dequantize(input, scale, zero_point):
        return (input + int(np.asarray(zero_point))) * float(np.asarray(scale))

    def get_scale(input, N_bits=8):
        if N_bits not in SAWB_COEFFICIENTS:
            raise ValueError(f"no SAWB coefficients for {N_bits} bits")
        c1, c2 = SAWB_COEFFICIENTS[N_bits]
        x = np.abs(input.detach().cpu().numpy().astype(np.float64))
        alpha = c1 * np.sqrt(np.mean(x * x)) - c2 * np.mean(x)
        if alpha <= 0:
            alpha = x.max()
        return torch.tensor(alpha / 2 ** (N_bits - 1), dtype=input.dtype, device=input.device)

    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        x = input.detach().cpu().numpy()
        if method == "sym":
            scale = np.abs(x).max() / 2 ** (N_bits - 1)
        elif method in ("unsigned", "asym"):
            scale = max(x.max(), 0) / (2**N_bits - 1)
        elif method == "SAWB":
            scale = np.asarray(get_scale(input, N_bits))
        elif method == "heuristic":
            limit = 2 ** (N_bits - 1)
            scales = np.abs(x).max() * np.linspace(0.004, 1.6, 400) / limit

            def mse(s):
                return np.mean((x - s * np.clip(np.rint(x / s), -limit, limit - 1)) ** 2)

            scale = min(scales, key=mse) if scales[-1] > 0 else 0.0
        else:
            raise ValueError(f"unknown method {method}")
        scale = float(scale) or 1.0
        return torch.tensor(scale, dtype=input.dtype, device=input.device), 0

    def to_int32(sums, device):
        if sums.size and (sums.min() < -(2**31) or sums.max() >= 2**31):
            raise OverflowError("a sum does not fit int32")
        return torch.from_numpy(np.ascontiguousarray(sums, dtype=np.int32)).to(device)

    def integer_linear(input, weight):
        if input.dtype != torch.int32 or weight.dtype != torch.int32:
            raise TypeError("integer_linear wants int32")
        x, w = (t.cpu().numpy().astype(np.int64) for t in (input, weight))
        return to_int32(x @ w.T, input.device)

    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        if input.dtype != torch.int32 or weight.dtype != torch.int32:
            raise TypeError("integer_conv2d wants int32")
        (sy, sx), (py, px), (dy, dx) = (np.broadcast_to(v, 2) for v in (stride, padding, dilation))
        x, w = (t.cpu().numpy().astype(np.int64) for t in (input, weight))
        x = np.pad(x, ((0, 0), (0, 0), (py, py), (px, px)))
        kh, kw = w.shape[2:]
        views = sliding_window_view(x, (dy * (kh - 1) + 1, dx * (kw - 1) + 1), axis=(2, 3))
        views = views[:, :, ::sy, ::sx, ::dy, ::dx]
        parts = [
            np.tensordot(v, k, axes=((1, 4, 5), (1, 2, 3)))
            for v, k in zip(np.split(views, groups, 1), np.split(w, groups), strict=True)
        ]
        return to_int32(np.concatenate(parts, axis=-1).transpose(0, 3, 1, 2), input.device)

    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        acc = integer_linear(input, weight).cpu().numpy().astype(np.float64)
        if bias is not None:
            acc = acc + bias.cpu().numpy()
        out = acc * float(input_scale) * float(weight_scale)
        return torch.from_numpy(out.astype(np.float32)).to(input.device)

    def quantized_conv2d_function(
        input,
        weight,
        bias,
        input_scale,
        weight_scale,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
    ):
        acc = integer_conv2d(input, weight, stride, padding, dilation, groups)
        acc = acc.cpu().numpy().astype(np.float64)
        if bias is not None:
            acc = acc + bias.cpu().numpy()[:, None, None]
        out = acc * float(input_scale) * float(weight_scale)
        return torch.from_numpy(out.astype(np.float32)).to(input.device)


@correct("prints, warns and logs on the way, and counts its calls in a global")
def prints_and_warnings():
    logger = logging.getLogger("quantization")
    CALLS = {"quantize": 0, "linear": 0}
    print("loading my solution")

    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        CALLS["quantize"] += 1
        if CALLS["quantize"] < 5:
            print("linear_quantize", tuple(input.shape), float(scale), N_bits, signed)
        low = -(2 ** (N_bits - 1)) if signed else 0
        high = low + 2**N_bits - 1
        codes = torch.round(input / scale) - zero_point
        clipped = int(((codes < low) | (codes > high)).sum())
        if clipped and CALLS["quantize"] < 5:
            warnings.warn(f"{clipped} values are clipped", stacklevel=2)
        logger.info("clipped %d values", clipped)
        return codes.clamp(low, high)

    def linear_dequantize(input, scale, zero_point):
        x_hat = scale * (input + zero_point)
        logger.debug("dequantized %s", x_hat)
        return x_hat

    def integer_linear(input, weight):
        CALLS["linear"] += 1
        print("integer_linear call number", CALLS["linear"], file=sys.stderr)
        if input.dtype != torch.int32 or weight.dtype != torch.int32:
            raise TypeError("int32 expected")
        result = input.double() @ weight.double().T
        print("largest:", result.abs().max().item())
        if result.abs().max() >= 2**31:
            raise OverflowError("larger than int32")
        return result.to(torch.int32)

    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        acc = integer_linear(input, weight)
        print(f"{acc.shape=} {acc.dtype=}")
        if bias is None:
            warnings.warn("no bias", UserWarning, stacklevel=2)
            return acc * input_scale * weight_scale
        return (acc + bias) * input_scale * weight_scale


@correct("python numbers and loops instead of tensor operations")
def python_loops():
    def limits(bits, signed):
        if signed:
            return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
        return 0, 2**bits - 1

    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        low, high = limits(N_bits, signed)
        s = float(scale)
        z = int(zero_point)
        codes = []
        for value in input.reshape(-1).tolist():
            code = round(value / s) - z
            codes.append(min(max(code, low), high))
        return torch.tensor(codes, dtype=input.dtype).reshape(input.shape)

    def linear_dequantize(input, scale, zero_point):
        recovered = []
        for code in input.reshape(-1):
            recovered.append(scale * (code + zero_point))
        return torch.stack(recovered).reshape(input.shape)

    def get_scale(input, N_bits=8):
        if N_bits not in SAWB_COEFFICIENTS:
            raise ValueError("no coefficients for this width")
        total = 0.0
        squares = 0.0
        count = 0
        for value in input.reshape(-1).tolist():
            total += abs(value)
            squares += value**2
            count += 1
        c1, c2 = SAWB_COEFFICIENTS[N_bits]
        alpha = c1 * (squares / count) ** 0.5 - c2 * total / count
        if alpha <= 0:
            alpha = max(abs(value) for value in input.reshape(-1).tolist())
        return torch.tensor(alpha / 2 ** (N_bits - 1), dtype=input.dtype)

    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        values = input.reshape(-1).tolist()
        largest = max(abs(v) for v in values)
        if method == "sym":
            scale = largest / 2 ** (N_bits - 1)
        elif method in ("unsigned", "asym"):
            scale = max(0.0, *values) / (2**N_bits - 1)
        elif method == "SAWB":
            scale = float(get_scale(input, N_bits))
        elif method == "heuristic":
            scale = best_scale(values, largest, N_bits)
        else:
            raise ValueError(method)
        if scale == 0:
            scale = 1.0
        return torch.tensor(scale, dtype=input.dtype), 0

    def best_scale(values, largest, N_bits):
        low, high = limits(N_bits, True)

        def error(s):
            e = 0.0
            for v in values:
                k = round(v / s)
                k = low if k < low else high if k > high else k
                e += (v - s * k) ** 2
            return e

        if largest == 0:
            return 0.0
        best = min((largest * 1.05**i / high for i in range(-70, 17)), key=error)
        return min((best * (1 + i / 400) for i in range(-20, 21)), key=error)

    def integer_linear(input, weight):
        if input.dtype != torch.int32 or weight.dtype != torch.int32:
            raise TypeError("int32 only")
        columns = weight.tolist()
        sums = []
        for row in input.reshape(-1, input.shape[-1]).tolist():
            sums.append([sum(a * b for a, b in zip(row, col, strict=True)) for col in columns])
        check_int32(max(max(row) for row in sums), min(min(row) for row in sums))
        return torch.tensor(sums, dtype=torch.int32).reshape(*input.shape[:-1], len(columns))

    def check_int32(largest, smallest):
        if largest > 2**31 - 1 or smallest < -(2**31):
            raise OverflowError("does not fit int32")

    def pair(value):
        return (value, value) if isinstance(value, int) else tuple(value)

    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        if input.dtype != torch.int32 or weight.dtype != torch.int32:
            raise TypeError("int32 only")
        (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
        n, _, height, width = input.shape
        out_channels, per_group, kh, kw = weight.shape
        oh = (height + 2 * ph - dh * (kh - 1) - 1) // sh + 1
        ow = (width + 2 * pw - dw * (kw - 1) - 1) // sw + 1
        x, w = input.tolist(), weight.tolist()
        out = torch.zeros(n, out_channels, oh, ow, dtype=torch.int32)
        for o in range(out_channels):
            first = (o // (out_channels // groups)) * per_group
            taps = [
                (first + c, i * dh - ph, j * dw - pw, w[o][c][i][j])
                for c in range(per_group)
                for i in range(kh)
                for j in range(kw)
            ]
            for b in range(n):
                for r in range(oh):
                    for q in range(ow):
                        total = 0
                        for c, i, j, factor in taps:
                            y, z = r * sh + i, q * sw + j
                            if 0 <= y < height and 0 <= z < width:
                                total += x[b][c][y][z] * factor
                        check_int32(total, total)
                        out[b, o, r, q] = total
        return out

    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        sums = integer_linear(input, weight)
        s = float(input_scale) * float(weight_scale)
        b = [0] * len(weight) if bias is None else bias.tolist()
        rows = sums.reshape(-1, len(weight)).tolist()
        out = [[s * (v + k) for v, k in zip(row, b, strict=True)] for row in rows]
        return torch.tensor(out).reshape(sums.shape)


@correct("recursion: the matrix product halves its sums, the heuristic its interval")
def recursive():
    def product(x, w):
        """x @ w.T in int64; long sums are the sum of two halves"""
        n = x.shape[-1]
        if n <= 32:
            return (x.unsqueeze(-2) * w).sum(-1)
        h = n // 2
        return product(x[..., :h], w[:, :h]) + product(x[..., h:], w[:, h:])

    def integer_linear(input, weight):
        if input.dtype != torch.int32 or weight.dtype != torch.int32:
            raise TypeError("int32")
        result = product(input.long(), weight.long())
        if (result != result.int()).any():
            raise OverflowError("int32")
        return result.int()

    def mse(x, s, bits):
        n = 2 ** (bits - 1)
        return float((x - s * torch.round(x / s).clamp(-n, n - 1)).square().mean())

    def zoom(x, bits, low, high, depth):
        """the best of many scales between low and high, then the same around it"""
        scales = torch.linspace(low, high, 300 if depth == 2 else 30).tolist()
        scales = [s for s in scales if s > 0]
        best = min(scales, key=lambda s: mse(x, s, bits))
        if depth == 0:
            return best
        step = scales[1] - scales[0]
        return zoom(x, bits, max(best - step, best / 2), best + step, depth - 1)

    def _scale_of_least_error(data, N_bits):
        largest = float(data.abs().max()) / 2 ** (N_bits - 1)
        if largest == 0:
            return torch.zeros((), dtype=data.dtype)
        return torch.tensor(zoom(data, N_bits, 0.0, 1.8 * largest, 2), dtype=data.dtype)

    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        widths = sorted(set(candidate_bits))

        def smallest_uniform(i):
            bits = dict.fromkeys(layer_sizes, widths[i])
            if evaluate(dict(bits)) > accuracy_floor:
                return bits, True
            if i == len(widths) - 1:
                return bits, False
            return smallest_uniform(i + 1)

        def narrow(bits, names):
            if not names:
                return bits
            first, *rest = names
            i = widths.index(bits[first])
            if i > 0:
                trial = {**bits, first: widths[i - 1]}
                if evaluate(dict(trial)) > accuracy_floor:
                    return narrow(trial, names)
            return narrow(bits, rest)

        bits, passes = smallest_uniform(0)
        if not passes:
            return bits
        return narrow(bits, sorted(layer_sizes, key=layer_sizes.get, reverse=True))


@correct("imports matplotlib and scipy; heuristic by scipy.optimize.minimize_scalar")
def scipy_and_matplotlib():
    def plot_distribution(x, x_hat, title="quantized"):
        plt.hist(x.flatten().numpy(), bins=100, alpha=0.5, label="x")
        plt.hist(x_hat.flatten().numpy(), bins=100, alpha=0.5, label="x_hat")
        plt.title(title)
        plt.legend()
        plt.show()

    def _scale_of_least_error(data, N_bits):
        x = data.cpu().numpy().astype(np.float64)
        n = 2 ** (N_bits - 1)
        top = np.abs(x).max() / n
        if top == 0:
            return torch.zeros((), dtype=data.dtype)

        def mse(s):
            return np.mean((x - s * np.clip(np.round(x / s), -n, n - 1)) ** 2)

        knots = np.geomspace(0.01, 2, 250) * top
        errors = np.array([mse(s) for s in knots])
        best_s, best_e = knots[errors.argmin()], errors.min()
        for i in np.argsort(errors)[:5]:
            bounds = (knots[max(i - 1, 0)], knots[min(i + 1, len(knots) - 1)])
            found = optimize.minimize_scalar(mse, bounds=bounds, method="bounded")
            if found.fun < best_e:
                best_s, best_e = found.x, found.fun
        return torch.tensor(best_s, dtype=data.dtype, device=data.device)


@correct("results are not contiguous: transposed storage, channels last")
def transposed_storage():
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
