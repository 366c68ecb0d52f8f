"""Scales of weights and activations without any training: the methods of the handout, and more.

Weights are signed and symmetric, codes -2^(b-1) .. 2^(b-1) - 1, one scale per tensor:

* "sym": s = max |w| / 2^(b-1); the largest weight may lose up to a whole step.
* "SAWB" (Choi et al. 2019): s = alpha / 2^(b-1), alpha = c1 sqrt(E[w^2]) - c2 E|w|, with the
  constants of the assignment, which were fitted for this grid.
* "heuristic": the s of least squared error. The error has several minima at 2 and 3 bits, and the
  best range may be beyond max |w|, so that a dense grid up to twice that comes first.

Activations are unsigned. `quantlab.network.calibration.input_scales` has the maximum and the least
squared error. This module adds a percentile of the positive inputs; zeros have the code 0 at any
scale.
"""

import torch
from torch import Tensor

from baselines.quantizers.sawb import sawb_scale
from quantlab.network.calibration import METHODS, Histogram

SMALLEST_FRACTION = 0.02  # of the range of "sym"; the best of real weights is 0.2 and more
LARGEST_FRACTION = 2.0
COARSE_STEPS = 200
REFINEMENTS = 3
REFINED_STEPS = 17


def weight_scale(weight: Tensor, bits: int, method: str) -> float:
    """Return the scale of `weight` for signed codes of `bits` by one of `METHODS`.

    `weight` is float32 of any shape. The scale is a positive float32 number, 1 for weights of zero.
    Raise `ValueError` for another method or width.
    """
    if method not in METHODS:
        raise ValueError(f"There is no method {method!r}; choose one of {', '.join(METHODS)}.")
    data = weight.detach().flatten().double()
    full = float(data.abs().max()) / 2 ** (bits - 1)
    scale = full
    if full > 0 and method == "SAWB":
        scale = float(sawb_scale(data, bits))
    if full > 0 and method == "heuristic":
        scale = _least_mse_scale(data, full, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return float(torch.tensor(scale or 1.0, dtype=torch.float32))


def percentile_scale(histogram: Histogram, largest: int, percent: float) -> float:
    """Return the scale at which the code `largest` is this percentile of positive inputs.

    `percent` is above 0 and at most 100, which is the maximum. Raise `ValueError`.
    """
    if not 0 < percent <= 100:
        raise ValueError(f"Expected a percentile above 0 and at most 100, got {percent:g}.")
    if percent == 100:
        return histogram.maximum / largest
    shares = histogram.counts.cumsum(0) / histogram.counts.sum()
    position = int((shares < percent / 100).sum())
    return float(histogram.values[position]) / largest


def _least_mse_scale(data: Tensor, full: float, low: int, high: int) -> float:
    """Return the s of least sum (w - s w_int)^2; `full` is that of "sym"."""
    candidates = full * torch.linspace(
        SMALLEST_FRACTION, LARGEST_FRACTION, COARSE_STEPS, dtype=torch.float64
    )
    for _ in range(REFINEMENTS):
        best, last = _least_error(data, candidates, low, high), len(candidates) - 1
        start, end = float(candidates[max(best - 1, 0)]), float(candidates[min(best + 1, last)])
        candidates = torch.linspace(start, end, REFINED_STEPS, dtype=torch.float64)
    return float(candidates[_least_error(data, candidates, low, high)])


def _least_error(data: Tensor, candidates: Tensor, low: int, high: int) -> int:
    """Return the position of the candidate scale (K,) of least squared error."""
    errors = [
        (data / s).round_().clamp_(low, high).mul_(s).sub_(data).square_().sum() for s in candidates
    ]
    return int(torch.stack(errors).argmin())
