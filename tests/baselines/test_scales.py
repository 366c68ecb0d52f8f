"""Scales of weights and activations against brute force."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.methods.scales import percentile_scale, weight_scale
from baselines.quantizers.base import signed_codes
from baselines.quantizers.sawb import COEFFICIENTS
from quantlab.network.calibration import METHODS, Histogram


def drawn(seed: int, power: float, count: int = 3000) -> torch.Tensor:
    """Bell-shaped for power 1, long-tailed above, nearly of one magnitude below."""
    x = torch.randn(count, generator=torch.Generator().manual_seed(seed))
    return x.sign() * x.abs() ** power


def squared_error(x: torch.Tensor, scale: float, bits: int) -> float:
    low, high = signed_codes(bits)
    codes = (x.double() / scale).round().clamp(low, high)
    return float((codes * scale - x).square().sum())


@settings(max_examples=30)
@given(
    bits=st.sampled_from([2, 3, 4, 8]),
    seed=st.integers(0, 10_000),
    power=st.sampled_from([0.2, 1.0, 2.5]),
)
def test_weight_scale_heuristic_has_the_least_squared_error(
    bits: int, seed: int, power: float
) -> None:
    weight = drawn(seed, power)
    error = squared_error(weight, weight_scale(weight, bits, "heuristic"), bits)
    full = float(weight.abs().max()) / 2 ** (bits - 1)
    least = min(squared_error(weight, full * k / 100, bits) for k in range(2, 221))
    # Where all have nearly one magnitude, a minimum follows another with every step of the grid.
    assert error <= least * (1.05 if power < 1 else 1.01)


def test_weight_scale_heuristic_may_exceed_the_largest_weight() -> None:
    weight = torch.tensor([1.0, -1.0]).repeat(50)  # at 2 bits +1 has a code only for s <= 1
    assert weight_scale(weight, 2, "heuristic") == pytest.approx(1.0, rel=1e-3)
    assert weight_scale(weight, 2, "sym") == pytest.approx(0.5)


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_weight_scale_sym_is_the_largest_magnitude(bits: int) -> None:
    assert weight_scale(torch.tensor([0.5, -3.0, 2.0]), bits, "sym") == 3 / 2 ** (bits - 1)


def test_weight_scale_sawb_follows_its_equation_or_the_maximum() -> None:
    weight = drawn(0, 1.0)
    c1, c2 = COEFFICIENTS[4]
    alpha = c1 * weight.square().mean().sqrt() - c2 * weight.abs().mean()
    assert weight_scale(weight, 4, "SAWB") == pytest.approx(float(alpha) / 8, rel=1e-5)
    unable = drawn(0, 0.02)  # nearly +-1: 28.164 - 30.620 < 0 at 7 bits
    assert weight_scale(unable, 7, "SAWB") == pytest.approx(float(unable.abs().max()) / 64)


@settings(max_examples=30)
@given(
    method=st.sampled_from(METHODS),
    bits=st.integers(2, 8),
    seed=st.integers(0, 1000),
    factor=st.sampled_from([2.0**-10, 0.5, 64.0]),
)
def test_weight_scale_follows_the_unit_of_the_weights(
    method: str, bits: int, seed: int, factor: float
) -> None:
    weight = drawn(seed, 1.0)
    scaled = weight_scale(weight * factor, bits, method)
    assert scaled == pytest.approx(weight_scale(weight, bits, method) * factor, rel=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_weight_scale_is_1_for_weights_of_zero(method: str) -> None:
    assert weight_scale(torch.zeros(3, 3), 4, method) == 1


def test_scales_refuse_unknown_methods_bits_and_percents() -> None:
    with pytest.raises(ValueError, match="'KL'; choose one of sym, SAWB, heuristic"):
        weight_scale(torch.ones(2), 4, "KL")
    with pytest.raises(ValueError, match="no coefficients for 1 bits"):
        weight_scale(torch.tensor([1.0, 2.0]), 1, "SAWB")
    with pytest.raises(ValueError, match="got 0"):
        percentile_scale(histogram([1.0]), 3, 0)


def histogram(values: list[float]) -> Histogram:
    unique_values, counts = torch.tensor(values, dtype=torch.float64).unique(return_counts=True)
    return Histogram(unique_values, counts.double(), max(values))


@given(
    values=st.lists(st.integers(1, 50), min_size=1, max_size=40),
    percent=st.floats(1, 99),
    largest=st.sampled_from([1, 3, 255]),
)
def test_percentile_scale_is_the_least_value_covering_the_percentage(
    values: list[int], percent: float, largest: int
) -> None:
    covering = [
        v for v in sorted(values) if sum(u <= v for u in values) >= percent / 100 * len(values)
    ]
    scale = percentile_scale(histogram([float(v) for v in values]), largest, percent)
    assert scale == pytest.approx(covering[0] / largest)


def test_percentile_scale_of_100_percent_is_the_maximum() -> None:
    assert percentile_scale(histogram([1.0, 2.0, 9.0]), 3, 100) == 3
