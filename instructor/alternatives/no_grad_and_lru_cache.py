"""
differs = "torch.no_grad decorators and cached limits"
"""

import functools

import torch


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
