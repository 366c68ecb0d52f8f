"""
differs = "scales are float64 tensors, the zero point is a tensor without dimensions"
"""

import torch


def get_scale(input, N_bits=8):
    if N_bits not in SAWB_COEFFICIENTS:
        raise ValueError("unsupported bit width")
    coef = torch.tensor(SAWB_COEFFICIENTS[N_bits], dtype=torch.float64)
    x = input.detach().to(torch.float64)
    stats = torch.stack([x.square().mean().sqrt(), -x.abs().mean()])
    alpha = coef.dot(stats)
    if alpha.item() <= 0:
        alpha = x.abs().max()
    return alpha / 2 ** (N_bits - 1)


def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    x = input.detach().to(torch.float64)
    zero_point = torch.tensor(0)
    if not x.any():
        return torch.tensor(1.0, dtype=torch.float64), zero_point
    if method == "sym":
        return x.abs().max() / 2 ** (N_bits - 1), zero_point
    if method in ("unsigned", "asym"):
        return x.max() / (2**N_bits - 1), zero_point
    if method == "SAWB":
        return get_scale(x, N_bits).double(), zero_point
    if method == "heuristic":
        widest = x.abs().max() / 2 ** (N_bits - 1)
        options = [widest * k / 256 for k in range(2, 410)]
        return min(options, key=lambda s: squared_error(x, s, N_bits)), zero_point
    raise ValueError(f"no method called {method}")


def squared_error(x, s, N_bits):
    top = 2 ** (N_bits - 1)
    return ((x / s).round().clamp(-top, top - 1) * s - x).square().sum().item()
