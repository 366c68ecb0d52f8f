"""Thresholds of a histogram by three criteria: by hand, and against brute force."""

import pytest
import torch

from baselines.methods.clipping_thresholds import (
    CRITERIA,
    divergence,
    kl_threshold,
    magnitude_histogram,
    mse_threshold,
    quantile_threshold,
    squared_error,
)
from quantlab.network.calibration import Histogram


def histogram(values: list[float], counts: list[float]) -> Histogram:
    numbers = torch.tensor(values, dtype=torch.float64)
    return Histogram(numbers, torch.tensor(counts, dtype=torch.float64), max(values))


def test_squared_error_matches_a_manual_calculation() -> None:
    # At T = 3 and codes 0..3: 1 is exact, 1.5 becomes 2, 4 becomes 3.
    error = squared_error(histogram([1.0, 1.5, 4.0], [2, 1, 1]), 3.0, 3)
    assert error == pytest.approx((0.25 + 1) / 4)


def test_mse_threshold_clips_a_rare_outlier() -> None:
    levels = [1.0, 2.0, 3.0, 90.0]
    rare = mse_threshold(histogram(levels, [1e6, 1e6, 1e6, 1]), 3)
    common = mse_threshold(histogram(levels, [1, 1, 1, 1e6]), 3)
    assert rare == pytest.approx(3.0, rel=0.02)
    assert common == pytest.approx(90.0, rel=0.01)


def test_divergence_matches_a_manual_calculation() -> None:
    # Codes 0..1 and T = 4: 2.5 and 3.5 both become code 1 and lie in bins of equal width; what is
    # left of 3 and 1 is 2 and 2.
    actual = divergence(histogram([2.5, 3.5], [3, 1]), 4.0, 1)
    p, q = torch.tensor([0.75, 0.25]), torch.tensor([0.5, 0.5])
    assert actual == pytest.approx(float((p * (p / q).log()).sum()), rel=1e-6)
    assert divergence(histogram([2.5, 3.5], [3, 1]), 2.0, 1) == float("inf")


def test_thresholds_are_exact_for_codes_as_fine_as_the_bins() -> None:
    exact = histogram([1.0, 2.0, 3.0], [5, 3, 2])
    assert divergence(exact, 3.0, 3) == pytest.approx(0, abs=1e-12)
    assert kl_threshold(exact, 3) == 3.0
    assert mse_threshold(exact, 3) == 3.0


def test_quantile_threshold_leaves_1_in_10000_above() -> None:
    values = torch.arange(1, 100_001) / 1000.0
    threshold = quantile_threshold(magnitude_histogram(values), 255)
    assert threshold == pytest.approx(99.99, rel=2**-8)


def test_magnitude_histogram_counts_absolute_values_without_zeros() -> None:
    magnitudes = magnitude_histogram(torch.tensor([[-2.0, 2.0], [0.0, 0.5]]))
    assert magnitudes.counts.tolist() == [1, 2]
    assert magnitudes.values.tolist() == pytest.approx([0.5, 2.0], rel=2**-9)
    assert magnitudes.maximum == 2.0


@pytest.mark.parametrize("name", CRITERIA)
def test_thresholds_are_within_the_range_of_the_histogram(name: str) -> None:
    values = torch.randn(20_000, generator=torch.Generator().manual_seed(0))
    magnitudes = magnitude_histogram(values)
    for largest in (15, 255):
        assert 0.2 * magnitudes.maximum < CRITERIA[name](magnitudes, largest) <= magnitudes.maximum


def test_thresholds_of_only_zeros_are_zero() -> None:
    empty = magnitude_histogram(torch.zeros(10))
    assert mse_threshold(empty, 255) == kl_threshold(empty, 255) == 0
