"""Fixed-point, single-shift and double-shift factors, by hand and as laws."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from baselines.integer_only.requantize import SCHEMES
from baselines.methods.fixed_point_rescaling import PRECISION, choose_rescaling


def one(factor: float, kind: str) -> tuple[int, int, float]:
    found = choose_rescaling(torch.tensor([factor], dtype=torch.float64), kind)
    return int(found.multipliers.m), int(found.multipliers.e), float(found.rest)


def test_a_single_shift_by_hand() -> None:
    assert one(0.25, "single-shift") == (1, 2, 1.0)
    # 1/0.3 = 2^1.74: p = 2 has a precision of 0.83, so p = 1, and 0.6 goes into the weights.
    assert one(0.3, "single-shift") == (1, 1, pytest.approx(0.6))
    # 0.252: p = 2 has a precision of 0.992 and is kept; nothing is left to multiply.
    assert one(0.252, "single-shift") == (1, 2, 1.0)


def test_a_double_shift_by_hand() -> None:
    assert one(0.375, "double-shift") == (3, 3, 1.0)  # 2^-2 + 2^-3
    # 0.3: 2^-2 + 2^-5 = 0.28 is too small; 2^-2 + 2^-4 = 0.3125 is the least that is not.
    assert one(0.3, "double-shift") == (5, 4, pytest.approx(0.96))


def test_a_fixed_point_factor_by_hand() -> None:
    # 32767 / 0.3 = 2^16.7: p = 16, m = round(0.3 * 65536).
    assert one(0.3, "fixed-point") == (19661, 16, 1.0)


def test_half_is_added_before_the_shift() -> None:
    quarter = choose_rescaling(torch.tensor([0.25]), "single-shift")
    sums = torch.tensor([[5, 6, -6, -7, 2]]).T
    assert quarter(sums).flatten().tolist() == [1, 2, -1, -2, 1]  # 1.25 1.5 -1.5 -1.75 0.5


def test_a_factor_above_one_is_a_whole_number() -> None:
    """The released code fails here."""
    assert one(4.0, "single-shift") == (4, 0, 1.0)
    assert choose_rescaling(torch.tensor([4.0]), "single-shift")(torch.tensor([[3]])).tolist() == [
        [12]
    ]


@given(
    factors=st.lists(st.floats(1e-4, 8.0), min_size=1, max_size=5), kind=st.sampled_from(SCHEMES)
)
def test_factor_and_rest_make_up_what_was_asked_for(factors: list[float], kind: str) -> None:
    wanted = torch.tensor(factors, dtype=torch.float64)
    found = choose_rescaling(wanted, kind)
    assert bool((found.rest <= 1).all())
    assert bool((found.rest > 0.5).all())
    made = found.factor * found.rest
    if kind == "fixed-point":
        step = 2.0 ** -int(found.multipliers.e[0])
        assert float((made - wanted).abs().max()) <= step / 2
    else:
        assert bool((made <= wanted * (1 + 1e-12)).all())
        assert bool((made >= PRECISION * wanted * (1 - 1e-12)).all())


@given(
    sums=st.lists(st.integers(-(2**30), 2**30), min_size=1, max_size=8),
    factor=st.floats(1e-4, 1.0),
    kind=st.sampled_from(SCHEMES),
)
def test_the_shift_rounds_to_the_nearest_with_ties_up(
    sums: list[int], factor: float, kind: str
) -> None:
    found = choose_rescaling(torch.tensor([factor], dtype=torch.float64), kind)
    mantissa, denominator = int(found.multipliers.m), 2 ** int(found.multipliers.e)
    exact = [(2 * x * mantissa + denominator) // (2 * denominator) for x in sums]
    assert found(torch.tensor(sums)[:, None]).flatten().tolist() == exact


def test_what_cannot_be_a_factor_is_refused() -> None:
    with pytest.raises(ValueError, match="no scaling 'triple-shift'"):
        choose_rescaling(torch.ones(1), "triple-shift")
    for factor in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="Expected positive finite factors"):
            choose_rescaling(torch.tensor([factor]), "single-shift")
    for kind, factor in (("single-shift", 2e9), ("fixed-point", 40_000.0)):
        with pytest.raises(ValueError, match="is too large for"):
            choose_rescaling(torch.tensor([factor]), kind)
