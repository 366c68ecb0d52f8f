"""
differs = "heuristic: dense scan, then golden-section search"
"""

import torch

PHI = (5**0.5 - 1) / 2


def quantization_mse(x, s, N_bits):
    x_hat = linear_dequantize(linear_quantize(x, s, 0, N_bits), s, 0)
    return torch.mean((x - x_hat) ** 2).item()


def golden_section(f, a, b, tolerance=1e-4):
    c, d = b - PHI * (b - a), a + PHI * (b - a)
    fc, fd = f(c), f(d)
    while (b - a) > tolerance * b:
        if fc < fd:
            b, d, fd = d, c, fc
            c = b - PHI * (b - a)
            fc = f(c)
        else:
            a, c, fc = c, d, fd
            d = a + PHI * (b - a)
            fd = f(d)
    return c if fc < fd else d


def heuristic_scale(x, N_bits):
    def f(s):
        return quantization_mse(x, s, N_bits)

    largest = x.abs().max().item() / 2 ** (N_bits - 1)
    if largest == 0:
        return 1.0
    # the error has several minima, so look everywhere first
    grid = [largest * 0.01 * 1.02**k for k in range(270)]
    errors = [f(s) for s in grid]
    best = errors.index(min(errors))
    fine = golden_section(f, grid[max(best - 1, 0)], grid[min(best + 1, 269)])
    return min(grid[best], fine, key=f)


def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    x = input.detach()
    if method == "heuristic":
        return torch.tensor(heuristic_scale(x, N_bits), dtype=x.dtype, device=x.device), 0
    if method == "SAWB":
        scale = get_scale(x, N_bits)
    elif method == "sym":
        scale = x.abs().max() / 2 ** (N_bits - 1)
    elif method in ["unsigned", "asym"]:
        scale = x.max().clamp(min=0) / (2**N_bits - 1)
    else:
        raise ValueError(f"unknown method {method}")
    if scale == 0:
        scale = torch.ones_like(scale)
    return scale, 0
