"""A constant scale: what it rounds to, and what gradient it lets through."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from baselines.quantizers.base import signed_codes, unsigned_codes
from baselines.quantizers.clipped_ste import ClippedStraightThrough

GRIDS = [signed_codes(2), signed_codes(8), unsigned_codes(2), unsigned_codes(4)]


@given(
    grid=st.sampled_from(GRIDS),
    scale=st.sampled_from([0.01, 0.3, 5 / 255]),
    seed=st.integers(0, 1000),
)
def test_clipped_ste_returns_codes_times_scale_and_is_idempotent(
    grid: tuple[int, int], scale: float, seed: int
) -> None:
    x = torch.randn(64, generator=torch.Generator().manual_seed(seed)) * 3 * scale * grid[1]
    quantizer = ClippedStraightThrough(*grid, scale)
    once, codes = quantizer(x), quantizer.codes(x)
    assert torch.equal(once, codes.float() * quantizer.scale)
    assert int(codes.min()) >= grid[0]
    assert int(codes.max()) <= grid[1]
    assert torch.equal(quantizer(once), once)
    inside = (x / scale >= grid[0]) & (x / scale <= grid[1])
    assert ((once - x).abs()[inside] <= scale / 2 * 1.0001).all()


def test_clipped_ste_divides_like_integer_inference_at_ties() -> None:
    x = torch.tensor([-2.5])  # / (5 / 255) is -127.49999, but * (1 / (5 / 255)) is -127.5
    assert ClippedStraightThrough(-255, 255, 5 / 255).codes(x).item() == -127
    assert ClippedStraightThrough(-255, 255, 5 / 255)(x).item() == pytest.approx(-127 * 5 / 255)


def test_clipped_ste_passes_gradients_only_inside_the_range() -> None:
    x = torch.tensor([-0.1, 0.1, 0.2, 2.9, 3.1], requires_grad=True)
    (ClippedStraightThrough(0, 3, 1.0)(x) * torch.arange(1, 6)).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0, 2, 3, 4, 0]


@pytest.mark.parametrize("scale", [0.0, -1.0, float("inf"), float("nan")])
def test_clipped_ste_refuses_a_scale_that_is_not_positive_and_finite(scale: float) -> None:
    with pytest.raises(ValueError, match="positive finite scale"):
        ClippedStraightThrough(0, 3, scale)
