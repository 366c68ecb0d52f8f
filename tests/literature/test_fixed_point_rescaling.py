"""Fixed-point, single-shift and double-shift factors, by hand and as laws."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from baselines.integer_only.requantize import SCHEMES
from baselines.methods.fixed_point_rescaling import PRECISION, choose_rescaling


def rescaling_of(factor: float, kind: str) -> tuple[int, int, float]:
    rescaling = choose_rescaling(torch.tensor([factor], dtype=torch.float64), kind)
    return int(rescaling.multipliers.m), int(rescaling.multipliers.e), float(rescaling.rest)


def test_choose_rescaling_single_shift_matches_a_manual_calculation() -> None:
    assert rescaling_of(0.25, "single-shift") == (1, 2, 1.0)
    # 1/0.3 = 2^1.74: p = 2 has a precision of 0.83, so p = 1, and 0.6 goes into the weights.
    assert rescaling_of(0.3, "single-shift") == (1, 1, pytest.approx(0.6))
    # 0.252: p = 2 has a precision of 0.992 and is kept; nothing is left to multiply.
    assert rescaling_of(0.252, "single-shift") == (1, 2, 1.0)


def test_choose_rescaling_double_shift_matches_a_manual_calculation() -> None:
    assert rescaling_of(0.375, "double-shift") == (3, 3, 1.0)  # 2^-2 + 2^-3
    # 0.3: 2^-2 + 2^-5 = 0.28 is too small; 2^-2 + 2^-4 = 0.3125 is the least that is not.
    assert rescaling_of(0.3, "double-shift") == (5, 4, pytest.approx(0.96))


def test_choose_rescaling_fixed_point_matches_a_manual_calculation() -> None:
    # 32767 / 0.3 = 2^16.7: p = 16, m = round(0.3 * 65536).
    assert rescaling_of(0.3, "fixed-point") == (19661, 16, 1.0)


def test_rescaling_adds_a_half_before_the_shift() -> None:
    quarter = choose_rescaling(torch.tensor([0.25]), "single-shift")
    sums = torch.tensor([[5, 6, -6, -7, 2]]).T
    assert quarter(sums).flatten().tolist() == [1, 2, -1, -2, 1]  # 1.25 1.5 -1.5 -1.75 0.5


def test_choose_rescaling_returns_an_integer_for_a_factor_above_1() -> None:
    """The released code fails here."""
    assert rescaling_of(4.0, "single-shift") == (4, 0, 1.0)
    assert choose_rescaling(torch.tensor([4.0]), "single-shift")(torch.tensor([[3]])).tolist() == [
        [12]
    ]


@given(
    factors=st.lists(st.floats(1e-4, 8.0), min_size=1, max_size=5), kind=st.sampled_from(SCHEMES)
)
def test_choose_rescaling_factor_times_rest_is_the_requested_factor(
    factors: list[float], kind: str
) -> None:
    wanted = torch.tensor(factors, dtype=torch.float64)
    rescaling = choose_rescaling(wanted, kind)
    assert bool((rescaling.rest <= 1).all())
    assert bool((rescaling.rest > 0.5).all())
    product = rescaling.factor * rescaling.rest
    if kind == "fixed-point":
        step = 2.0 ** -int(rescaling.multipliers.e[0])
        assert float((product - wanted).abs().max()) <= step / 2
    else:
        assert bool((product <= wanted * (1 + 1e-12)).all())
        assert bool((product >= PRECISION * wanted * (1 - 1e-12)).all())


@given(
    sums=st.lists(st.integers(-(2**30), 2**30), min_size=1, max_size=8),
    factor=st.floats(1e-4, 1.0),
    kind=st.sampled_from(SCHEMES),
)
def test_rescaling_rounds_to_nearest_with_ties_up(
    sums: list[int], factor: float, kind: str
) -> None:
    rescaling = choose_rescaling(torch.tensor([factor], dtype=torch.float64), kind)
    mantissa, denominator = int(rescaling.multipliers.m), 2 ** int(rescaling.multipliers.e)
    exact = [(2 * x * mantissa + denominator) // (2 * denominator) for x in sums]
    assert rescaling(torch.tensor(sums)[:, None]).flatten().tolist() == exact


def test_choose_rescaling_refuses_impossible_factors() -> None:
    with pytest.raises(ValueError, match="no scaling 'triple-shift'"):
        choose_rescaling(torch.ones(1), "triple-shift")
    for factor in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="Expected positive finite factors"):
            choose_rescaling(torch.tensor([factor]), "single-shift")
    for kind, factor in (("single-shift", 2e9), ("fixed-point", 40_000.0)):
        with pytest.raises(ValueError, match="is too large for"):
            choose_rescaling(torch.tensor([factor]), kind)
