"""
differs = "scale and zero point are tensors of one element"
"""

import torch


def get_scale(input, N_bits=8):
    if N_bits not in SAWB_COEFFICIENTS:
        raise ValueError(f"no constants for {N_bits} bits")
    c1, c2 = SAWB_COEFFICIENTS[N_bits]
    flat = input.detach().reshape(1, -1).double()
    rms = flat.square().mean(dim=1).sqrt()
    alpha = c1 * rms - c2 * flat.abs().mean(dim=1)
    if (alpha <= 0).all():
        alpha = flat.abs().amax(dim=1)
    return (alpha / 2 ** (N_bits - 1)).to(input.dtype)


def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    flat = input.detach().reshape(1, -1)
    if method == "sym":
        scale = flat.abs().amax(dim=1) / 2 ** (N_bits - 1)
    elif method in ("unsigned", "asym"):
        scale = flat.amax(dim=1).clamp(min=0) / (2**N_bits - 1)
    elif method == "SAWB":
        scale = get_scale(input, N_bits).reshape(1)
    elif method == "heuristic":
        scale = try_many(flat, N_bits)
    else:
        raise ValueError(f"{method!r} is unknown")
    scale[scale == 0] = 1
    return scale, torch.tensor([0])


def try_many(flat, N_bits):
    steps = flat.abs().amax() * torch.linspace(0.005, 1.6, 320, dtype=flat.dtype) / 2**N_bits * 2
    errors = []
    for s in steps:
        codes = linear_quantize(flat, s, 0, N_bits)
        errors.append((flat - linear_dequantize(codes, s, 0)).square().mean())
    best = int(torch.argmin(torch.stack(errors)))
    return steps[best : best + 1]
