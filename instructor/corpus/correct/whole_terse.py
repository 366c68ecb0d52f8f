"""
differs = "a whole file in as few lines as possible: lambdas, no helpers, one-letter names"
whole = true
"""

import torch as t
from torch.nn import functional as F

C1 = {2: 4.765, 3: 8.411, 4: 12.907, 5: 17.786, 6: 22.92, 7: 28.164, 8: 33.426}
C2 = {2: 3.342, 3: 7.537, 4: 12.803, 5: 18.498, 6: 24.484, 7: 30.62, 8: 36.818}


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    n = 2**N_bits // 2 if signed else 0
    return t.clamp(t.round(input / scale) - zero_point, -n, 2**N_bits - 1 - n)


def linear_dequantize(input, scale, zero_point):
    return scale * (input + zero_point)


def get_scale(input, N_bits=8):
    if N_bits not in C1:
        raise ValueError(N_bits)
    x = input.detach().double()
    a = C1[N_bits] * (x**2).mean() ** 0.5 - C2[N_bits] * x.abs().mean()
    return ((a if a > 0 else x.abs().max()) / 2 ** (N_bits - 1)).to(input.dtype)


def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    x, n = input.detach(), 2 ** (N_bits - 1)
    m = x.abs().max()
    e = lambda s: (s * linear_quantize(x, s, 0, N_bits) - x).norm().item()
    s = {
        "sym": lambda: m / n,
        "unsigned": lambda: x.max().clamp(0) / (2 * n - 1),
        "asym": lambda: x.max().clamp(0) / (2 * n - 1),
        "SAWB": lambda: get_scale(x, N_bits),
        "heuristic": lambda: min([m / n * i / 250 for i in range(1, 400)], key=e) if m else m,
    }
    if method not in s:
        raise ValueError(method)
    r = s[method]()
    return r if r else t.ones_like(m), 0


class _quantize_func_STE(t.autograd.Function):
    @staticmethod
    def forward(c, x, s, z, b, signed=True):
        c.s = s
        return linear_quantize(x, s, z, b, signed)

    @staticmethod
    def backward(c, g):
        return g / c.s, None, None, None, None


linear_quantize_STE = _quantize_func_STE.apply


def exact(f, x, w):
    if {x.dtype, w.dtype} != {t.int32}:
        raise TypeError("int32")
    y = f(x.double(), w.double())
    if (y != y.int()).any():
        raise OverflowError("int32")
    return y.int()


def integer_linear(input, weight):
    return exact(F.linear, input, weight)


def integer_conv2d(input, weight, *g, **k):
    return exact(lambda x, w: F.conv2d(x, w, None, *g, **k), input, weight)


def quantized_linear_function(x, w, b, sx, sw):
    return sx * sw * (integer_linear(x, w) + (0 if b is None else b))


def quantized_conv2d_function(x, w, b, sx, sw, *g, **k):
    return sx * sw * (integer_conv2d(x, w, *g, **k) + (0 if b is None else b.view(-1, 1, 1)))


def variable_precision_search(sizes, evaluate, candidate_bits=range(2, 9), accuracy_floor=85.0):
    u = [dict.fromkeys(sizes, b) for b in sorted(candidate_bits)]
    return next((d for d in u if evaluate({**d}) > accuracy_floor), u[-1])
