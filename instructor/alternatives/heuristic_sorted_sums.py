"""
differs = "heuristic: sorted data and cumulative sums, one binary search per level"
"""

import torch


def _scale_of_least_error(data, N_bits):
    x = torch.sort(data.reshape(-1).double()).values
    zero = x.new_zeros(1)
    s1 = torch.cat([zero, x.cumsum(0)])
    s2 = torch.cat([zero, (x * x).cumsum(0)])
    n = len(x)
    k = torch.arange(-(2 ** (N_bits - 1)), 2 ** (N_bits - 1), dtype=x.dtype)
    inside = k[:-1] + 0.5

    def total_error(s):
        cut = torch.searchsorted(x, inside * s)
        first = torch.cat([cut.new_zeros(1), cut])
        last = torch.cat([cut, cut.new_full((1,), n)])
        v = k * s
        parts = (s2[last] - s2[first]) - 2 * v * (s1[last] - s1[first]) + (last - first) * v**2
        return parts.sum().item()

    largest = x.abs().max().item() / 2 ** (N_bits - 1)
    if largest == 0:
        return torch.zeros((), dtype=data.dtype)
    best = min((largest * i / 400 for i in range(2, 801)), key=total_error)
    best = min((best + largest * i / 8000 for i in range(-19, 20)), key=total_error)
    return torch.tensor(best).to(data)
