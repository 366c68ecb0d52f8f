"""
differs = "multiplies by 1 / s everywhere instead of dividing"
"""

import torch


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
