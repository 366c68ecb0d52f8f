"""
differs = "SAWB from the norms of torch.linalg"
"""

import torch


def get_scale(input, N_bits=8):
    if N_bits not in SAWB_COEFFICIENTS:
        raise ValueError(f"N_bits must be one of {sorted(SAWB_COEFFICIENTS)}")
    v = input.detach().flatten().to(torch.float64)
    n = v.numel()
    l2 = torch.linalg.vector_norm(v, ord=2)
    l1 = torch.linalg.vector_norm(v, ord=1)
    c1, c2 = SAWB_COEFFICIENTS[N_bits]
    alpha = c1 * l2 / n**0.5 - c2 * l1 / n
    if alpha <= 0:
        alpha = torch.linalg.vector_norm(v, ord=float("inf"))
    return torch.ldexp(alpha, torch.tensor(1 - N_bits)).to(input.dtype)


def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    x = input.detach().flatten()
    if method == "sym":
        scale = torch.linalg.norm(x, ord=float("inf")) / 2 ** (N_bits - 1)
    elif method in ("unsigned", "asym"):
        scale = torch.linalg.norm(torch.relu(x), ord=float("inf")) / (2**N_bits - 1)
    elif method == "SAWB":
        scale = get_scale(x, N_bits)
    elif method == "heuristic":
        scale = smallest_distance(x, N_bits)
    else:
        raise ValueError(method)
    return (scale if scale > 0 else torch.ones_like(scale)), 0


def smallest_distance(x, N_bits):
    largest = torch.linalg.norm(x, ord=float("inf"))
    distances = {}
    for percent in torch.arange(1.0, 180.0, 0.5):
        s = largest * percent / 100 / 2 ** (N_bits - 1)
        if s > 0:
            x_hat = linear_dequantize(linear_quantize(x, s, 0, N_bits), s, 0)
            distances[s] = torch.linalg.norm(x - x_hat).item()
    return min(distances, key=distances.get, default=largest)
