"""
differs = "heuristic: searched on a numpy histogram instead of the data"
"""

import numpy as np
import torch

BINS = 30_000


def _scale_of_least_error(data, N_bits):
    x = data.cpu().numpy().astype(np.float64).ravel()
    largest = np.abs(x).max()
    if largest == 0:
        return torch.tensor(0.0, dtype=data.dtype)
    counts, edges = np.histogram(x, bins=BINS)
    sums, _ = np.histogram(x, bins=edges, weights=x)
    used = counts > 0
    counts, centers = counts[used], sums[used] / counts[used]
    half = 2 ** (N_bits - 1)

    def weighted_error(s):
        recovered = s * np.clip(np.round(centers / s), -half, half - 1)
        return float(np.dot(counts, (centers - recovered) ** 2))

    scales = np.linspace(0.005, 1.6, 400) * largest / half
    s = scales[np.argmin([weighted_error(s) for s in scales])]
    finer = s * np.linspace(0.99, 1.01, 41)
    s = finer[np.argmin([weighted_error(s) for s in finer])]
    return torch.tensor(s, dtype=data.dtype, device=data.device)
