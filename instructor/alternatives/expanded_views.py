"""
differs = "results are views of expanded or larger tensors"
"""

import torch


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
