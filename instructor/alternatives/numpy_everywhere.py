"""
differs = "numpy inside every function, torch only at the edges"
"""

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view


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
