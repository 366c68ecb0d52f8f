"""
differs = "scales are numpy.float32 numbers, the zero point numpy.int64"
"""

import numpy as np


def get_scale(input, N_bits=8):
    c1, c2 = {k: SAWB_COEFFICIENTS[k] for k in range(2, 9)}.get(N_bits, (None, None))
    if c1 is None:
        raise ValueError(f"{N_bits} bits: not available")
    x = input.detach().cpu().numpy().astype(np.float64)
    alpha = c1 * np.linalg.norm(x.ravel()) / np.sqrt(x.size) - c2 * np.abs(x).mean()
    alpha = alpha if alpha > 0 else np.abs(x).max()
    return np.float32(alpha / 2 ** (N_bits - 1))


def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    x = input.detach().cpu().numpy()
    half = 2 ** (N_bits - 1)
    match method:
        case "sym":
            s = np.max(np.abs(x)) / half
        case "unsigned" | "asym":
            s = max(np.max(x), 0) / (2 * half - 1)
        case "SAWB":
            s = get_scale(input, N_bits)
        case "heuristic":
            alphas = np.max(np.abs(x)) * np.linspace(0.005, 1.6, 400)
            errors = [np.mean((x - fake(x, a / half, half)) ** 2) if a else 0 for a in alphas]
            s = alphas[np.argmin(errors)] / half
        case _:
            raise ValueError(f"unknown method: {method}")
    s = np.float32(s)
    return (s if s > 0 else np.float32(1)), np.int64(0)


def fake(x, s, half):
    return s * np.clip(np.round(x / s), -half, half - 1)
