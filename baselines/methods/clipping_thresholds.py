"""Where to clip: N2D2's three criteria on a histogram of magnitudes (CEA LIST, `quant/ptq`).

The threshold T is the magnitude of the outermost code `largest`, s = T / largest. It is swept from
the maximum down in 1000 equal steps:

    MSE       sum over bins of p (v - s clamp(round(v / s), 0, largest))^2
    KL        divergence of the histogram, with all beyond T moved to T, from what the codes keep of
              it: the mass of a code is spread evenly over the occupied part of the line
    quantile  T is exceeded by one in 10,000

Zeros are not in a `quantlab.network.calibration.Histogram`: they have the code 0 at every
threshold. Its bins have a relative width of 2^-9, so that the finest code of 8 bits still covers
two of them (N2D2 has 64 linear ones per code). A threshold moves by less than that width. A
histogram of nothing but zeros has the threshold 0.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from baselines.methods.scales import percentile_scale
from quantlab.network.calibration import BINS, DROPPED_BITS, Histogram

STEPS = 1_000
QUANTILE_PERCENT = 99.99
RELATIVE_WIDTH = 2.0**-9  # of a bin, against the power of two below it

Criterion = Callable[[Histogram, int], float]


def mse_threshold(histogram: Histogram, largest: int) -> float:
    """Return the T of least squared error for the codes 0..`largest`."""
    return _best(histogram, lambda threshold: squared_error(histogram, threshold, largest))


def kl_threshold(histogram: Histogram, largest: int) -> float:
    """Return the T of least divergence for the codes 0..`largest`."""
    return _best(histogram, lambda threshold: divergence(histogram, threshold, largest))


def quantile_threshold(histogram: Histogram, largest: int) -> float:
    """Return the T that a share of 0.0001 of the magnitudes above zero exceeds."""
    return percentile_scale(histogram, largest, QUANTILE_PERCENT) * largest


CRITERIA: Mapping[str, Criterion] = {
    "MSE": mse_threshold,
    "KL": kl_threshold,
    "quantile": quantile_threshold,
}


def squared_error(histogram: Histogram, threshold: float, largest: int) -> float:
    """Return the mean of (v - v^)^2 over the magnitudes above zero."""
    scale = threshold / largest
    recovered = (histogram.values / scale).round_().clamp_(max=largest).mul_(scale)
    errors = recovered.sub_(histogram.values).square_() @ histogram.counts
    return float(errors / histogram.counts.sum())


def divergence(histogram: Histogram, threshold: float, largest: int) -> float:
    """Return KL(P || Q) in nats: P clipped at `threshold`, Q what the codes 1..`largest` keep.

    Q is computed from the values inside alone, so that clipping has a cost (as in TensorRT's rule).
    The divergence is infinite where no value is inside.
    """
    inside = histogram.values <= threshold
    values, counts = histogram.values[inside], histogram.counts[inside]
    if not len(values):
        return float("inf")
    reference = counts.clone()
    reference[-1] += histogram.counts.sum() - counts.sum()
    codes = (values / threshold * largest).round_().long()
    widths = torch.exp2(values.log2().floor()) * RELATIVE_WIDTH
    occupied = torch.zeros(largest + 1, dtype=torch.float64).index_add_(0, codes, widths)
    received = torch.zeros(largest + 1, dtype=torch.float64).index_add_(0, codes, counts)
    kept = received[codes] / occupied[codes] * widths
    return _kl(reference, kept)


def magnitude_histogram(values: Tensor) -> Histogram:
    """Return the histogram of absolute values of a finite tensor, in calibration's bins."""
    patterns = values.detach().float().abs().flatten().view(torch.int32) >> DROPPED_BITS
    counts = torch.bincount(patterns, minlength=BINS)
    bins = counts[1:].nonzero().flatten() + 1
    centres = ((bins << DROPPED_BITS) + (1 << (DROPPED_BITS - 1))).to(torch.int32)
    largest = float(values.detach().abs().max())
    return Histogram(centres.view(torch.float32).double(), counts[bins].double(), largest)


def _kl(reference: Tensor, kept: Tensor) -> float:
    p, q = reference / reference.sum(), kept / kept.sum()
    return float((p * (p / q).log()).sum())


def _best(histogram: Histogram, cost: Callable[[float], float]) -> float:
    if histogram.maximum == 0:
        return 0.0
    candidates = [histogram.maximum * (STEPS - step) / STEPS for step in range(STEPS)]
    return min(candidates, key=cost)  # the first, so the largest, of equal ones
