"""Requantization rounds a m / 2^e half away from zero, exactly; multipliers are what they say."""

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from baselines.errors import ConversionError
from baselines.integer_only.requantize import (
    SCHEMES,
    Multiplier,
    Requantizer,
    multiplier_at_least,
    nearest_multiplier,
    requantize,
    uses_scheme,
)

INT32 = st.integers(-(2**31), 2**31 - 1) | st.sampled_from([-(2**31), 2**31 - 1, -1, 0, 1])
MULTIPLIERS = st.builds(
    Multiplier, st.integers(0, 2**31 - 1) | st.just(2**31 - 1), st.integers(0, 62)
)
REALS = st.floats(1e-9, 2.0**30)


def half_away_from_zero(exact: Fraction) -> int:
    return int(math.copysign(1, exact)) * math.floor(abs(exact) + Fraction(1, 2))


@given(st.lists(INT32, min_size=1, max_size=8), MULTIPLIERS)
def test_requantize_rounds_every_product_exactly(accumulators, multiplier):
    results = requantize(
        torch.tensor([accumulators], dtype=torch.int32), Requantizer.of(multiplier)
    )
    expected = [
        half_away_from_zero(Fraction(a * multiplier.m, 2**multiplier.e)) for a in accumulators
    ]
    assert results.tolist() == [expected]


def test_requantize_rounds_ties_away_from_zero():
    values = torch.tensor([[-5, -3, -2, -1, 0, 1, 2, 3, 5]], dtype=torch.int32)
    halves = requantize(values, Requantizer.of(Multiplier(1, 1)))
    assert halves.tolist() == [[-3, -2, -1, -1, 0, 1, 1, 2, 3]]


def test_requantize_uses_a_multiplier_per_channel_and_keeps_its_input():
    values = torch.full((2, 2, 1, 1), 10, dtype=torch.int64)
    halves = requantize(values, Requantizer.of(Multiplier(1, 1), Multiplier(3, 0)))
    assert halves.flatten().tolist() == [5, 30, 5, 30]
    assert values.unique().tolist() == [10]


@given(REALS)
def test_nearest_multiplier_is_the_nearest_with_31_bits(real):
    multiplier = nearest_multiplier(real)
    assert multiplier.m >= 2**30
    assert abs(Fraction(multiplier.m, 2**multiplier.e) - Fraction(real)) * 2**31 <= Fraction(real)


@given(REALS, st.sampled_from(SCHEMES[1:]))
def test_multiplier_at_least_is_the_smallest_that_is_not_below(real, scheme):
    multiplier = multiplier_at_least(real, scheme)
    assert uses_scheme(multiplier, scheme)
    power = 2.0 ** math.floor(math.log2(real) - 1)
    places = range(1, 16) if scheme == "double-shift" else ()
    mantissas = [1.0, *(1 + 2.0**-place for place in places)]
    family = [mantissa * power * 2**k for mantissa in mantissas for k in range(4)]
    assert float(multiplier) == min(member for member in family if member >= real)


@pytest.mark.parametrize("real", [-1e-3, math.inf, math.nan, 2.0**30 + 1])
def test_multipliers_refuse_negative_and_too_large_numbers(real):
    for make in (nearest_multiplier, lambda real: multiplier_at_least(real, "single-shift")):
        with pytest.raises(ConversionError, match="calibrate"):
            make(real)


def test_multipliers_too_small_for_any_shift_are_zero_or_the_smallest():
    assert float(nearest_multiplier(1e-30)) == 0
    assert float(multiplier_at_least(1e-30, "double-shift")) == 2.0**-62
