"""
differs = "imports matplotlib and scipy; heuristic by scipy.optimize.minimize_scalar"
"""

import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy import optimize


def plot_distribution(x, x_hat, title="quantized"):
    plt.hist(x.flatten().numpy(), bins=100, alpha=0.5, label="x")
    plt.hist(x_hat.flatten().numpy(), bins=100, alpha=0.5, label="x_hat")
    plt.title(title)
    plt.legend()
    plt.show()


def _scale_of_least_error(data, N_bits):
    x = data.cpu().numpy().astype(np.float64)
    n = 2 ** (N_bits - 1)
    top = np.abs(x).max() / n
    if top == 0:
        return torch.zeros((), dtype=data.dtype)

    def mse(s):
        return np.mean((x - s * np.clip(np.round(x / s), -n, n - 1)) ** 2)

    knots = np.geomspace(0.01, 2, 250) * top
    errors = np.array([mse(s) for s in knots])
    best_s, best_e = knots[errors.argmin()], errors.min()
    for i in np.argsort(errors)[:5]:
        bounds = (knots[max(i - 1, 0)], knots[min(i + 1, len(knots) - 1)])
        found = optimize.minimize_scalar(mse, bounds=bounds, method="bounded")
        if found.fun < best_e:
            best_s, best_e = found.x, found.fun
    return torch.tensor(best_s, dtype=data.dtype, device=data.device)
