"""
differs = "heuristic: the best of some candidates, then ternary search around it"
"""

import torch


def loss_for(x, step, bits):
    hi = 2 ** (bits - 1) - 1
    lo = -hi - 1
    return float(((torch.clamp(torch.round(x / step), lo, hi) * step - x) ** 2).double().sum())


def ternary(x, left, right, bits):
    for _ in range(25):
        third = (right - left) / 3
        if loss_for(x, left + third, bits) < loss_for(x, right - third, bits):
            right = right - third
        else:
            left = left + third
    return (left + right) / 2


def _scale_of_least_error(data, N_bits):
    top = float(data.abs().max()) / 2 ** (N_bits - 1)
    if top == 0.0:
        return torch.zeros((), dtype=data.dtype)
    candidates = [top * 2 * (k / 300) for k in range(1, 301)]
    ranked = sorted(candidates, key=lambda s: loss_for(data, s, N_bits))
    found = list(ranked[:3])
    for s in ranked[:3]:
        found.append(ternary(data, s - top / 150, s + top / 150, N_bits))
    found = [s for s in found if s > 0]
    best = min(found, key=lambda s: loss_for(data, s, N_bits))
    return torch.tensor(best, dtype=data.dtype, device=data.device)
