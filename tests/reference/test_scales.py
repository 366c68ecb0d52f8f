"""How scales are chosen: `get_scale` and `reset_scale_and_zero_point`."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from instructor.solution import (
    SAWB_COEFFICIENTS,
    get_scale,
    linear_dequantize,
    linear_quantize,
    reset_scale_and_zero_point,
)

METHODS = ("sym", "unsigned", "heuristic", "SAWB")
WIDTHS = (2, 3, 4, 8)


def data(kind: str, dtype: torch.dtype = torch.float32) -> Tensor:
    generator = torch.Generator().manual_seed(11)
    normal = torch.randn(2000, generator=generator, dtype=torch.float64)
    uniform = torch.rand(2000, generator=generator, dtype=torch.float64) * 2 - 1
    kinds = {
        "normal": normal + 0.3,
        "uniform": uniform,
        "heavy-tailed": normal * (1 + 4 * uniform**8),
        "skewed": normal.exp(),
        "outlier": torch.cat([normal, torch.tensor([300.0], dtype=torch.float64)]),
    }
    return kinds[kind].to(dtype)


def error(x: Tensor, scale: float, bits: int) -> float:
    x = x.double()
    recovered = linear_dequantize(linear_quantize(x, scale, 0, bits), scale, 0)
    return float((x - recovered).square().mean())


def test_reset_scale_sym_divides_the_largest_magnitude() -> None:
    x = torch.tensor([[0.5, -4.0], [3.0, 1.0]])
    assert reset_scale_and_zero_point(x, 4, "sym") == (0.5, 0)
    assert reset_scale_and_zero_point(-x, 4) == (0.5, 0)


def test_reset_scale_unsigned_maps_the_maximum_to_the_largest_code() -> None:
    x = torch.tensor([0.0, 1.0, 7.5])
    assert reset_scale_and_zero_point(x, 4, "unsigned") == (0.5, 0)
    assert reset_scale_and_zero_point(x, 4, "asym") == (0.5, 0)
    scale, zero_point = reset_scale_and_zero_point(data("skewed"), 3, "unsigned")
    codes = linear_quantize(data("skewed"), scale, zero_point, 3, signed=False)
    recovered = linear_dequantize(codes, scale, zero_point)
    assert (data("skewed") - recovered).abs().max() <= scale * 0.5001


def test_get_scale_follows_equation_5() -> None:
    x = torch.tensor([1.0, -3.0, 5.0, 1.0])  # sqrt(E[x^2]) = 3, E|x| = 2.5
    c1, c2 = SAWB_COEFFICIENTS[4]
    assert float(get_scale(x, 4)) == pytest.approx((3 * c1 - 2.5 * c2) / 8, rel=1e-6)
    assert reset_scale_and_zero_point(x, 4, "SAWB")[0] == get_scale(x, 4)


def test_get_scale_returns_the_maximum_instead_of_a_negative_range() -> None:
    x = torch.tensor([2.0, -2.0, 2.0, -1.9])
    c1, c2 = SAWB_COEFFICIENTS[8]
    assert c1 * math.sqrt(x.square().mean()) < c2 * x.abs().mean()
    assert get_scale(x, 8) == 2.0 / 128


@pytest.mark.parametrize("kind", ["normal", "uniform", "heavy-tailed", "skewed", "outlier"])
@pytest.mark.parametrize("bits", WIDTHS)
def test_reset_scale_heuristic_is_close_to_the_least_error(kind: str, bits: int) -> None:
    x = data(kind)
    scale, _ = reset_scale_and_zero_point(x, bits, "heuristic")
    largest = 3 * float(x.abs().max()) / 2 ** (bits - 1)
    everywhere = [largest * k / 3000 for k in range(1, 3001)]
    least = min(error(x, candidate, bits) for candidate in everywhere)
    assert error(x, float(scale), bits) <= 1.001 * least


def test_reset_scale_heuristic_searches_beyond_the_maximum() -> None:
    x = data("uniform")
    scale, _ = reset_scale_and_zero_point(x, 2, "heuristic")
    assert 2 * scale > 1.05 * x.abs().max()


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(METHODS), st.sampled_from(WIDTHS), st.floats(1e-3, 1e3))
def test_reset_scale_follows_the_unit_of_the_data(method: str, bits: int, unit: float) -> None:
    x = data("skewed", torch.float64)
    scale, _ = reset_scale_and_zero_point(x, bits, method)
    scaled, _ = reset_scale_and_zero_point(unit * x, bits, method)
    assert float(scaled) == pytest.approx(unit * float(scale), rel=1e-3)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_reset_scale_returns_a_scalar_tensor_in_the_dtype_of_the_data(
    method: str, dtype: torch.dtype
) -> None:
    x = data("skewed", dtype).requires_grad_()
    scale, zero_point = reset_scale_and_zero_point(x, 4, method)
    assert scale.shape == ()
    assert scale.dtype == dtype
    assert not scale.requires_grad
    assert zero_point == 0


@pytest.mark.parametrize("method", METHODS)
def test_reset_scale_is_1_for_zeros(method: str) -> None:
    assert reset_scale_and_zero_point(torch.zeros(3), 4, method) == (1.0, 0)


@pytest.mark.parametrize("bits", [6, 7, 8])  # where equation (5) subtracts the most
def test_get_scale_does_not_round_moments_to_float32(bits: int) -> None:
    x = data("heavy-tailed")
    assert get_scale(x, bits) == get_scale(x.double(), bits).float()


def test_scale_functions_refuse_unknown_methods_and_widths() -> None:
    with pytest.raises(ValueError, match="'sawb'"):
        reset_scale_and_zero_point(torch.ones(3), 4, "sawb")
    with pytest.raises(ValueError, match="16 bits"):
        get_scale(torch.ones(3), 16)
