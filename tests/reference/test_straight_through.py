"""The straight-through estimator: quantization and recovery together count as the identity."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from instructor.solution import (
    linear_dequantize,
    linear_quantize,
    linear_quantize_STE,
    reset_scale_and_zero_point,
)


@settings(max_examples=40, deadline=None)
@given(st.floats(1e-3, 1e3), st.integers(-3, 3), st.integers(2, 8), st.booleans())
def test_the_gradient_is_exactly_one_for_every_element(
    scale: float, zero_point: int, bits: int, signed: bool
) -> None:
    x = (torch.linspace(-3, 3, 41) * scale * 2**bits).requires_grad_()  # most of it is clipped
    codes = linear_quantize_STE(x, torch.tensor(scale), zero_point, bits, signed)
    linear_dequantize(codes, torch.tensor(scale), zero_point).sum().backward()
    assert torch.equal(x.grad, torch.ones_like(x))


def test_the_largest_element_has_a_gradient_although_it_is_clipped() -> None:
    x = torch.tensor([-4.0, 4.0], requires_grad=True)
    scale, zero_point = reset_scale_and_zero_point(x, 2, "sym")
    linear_dequantize(
        linear_quantize_STE(x, scale, zero_point, 2), scale, zero_point
    ).sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_the_gradient_of_what_follows_passes_through() -> None:
    x = torch.tensor([0.3, -1.2, 9.0], dtype=torch.float64, requires_grad=True)
    incoming = torch.tensor([2.0, -3.0, 0.5], dtype=torch.float64)
    linear_dequantize(linear_quantize_STE(x, 0.25, 0, 4), 0.25, 0).backward(incoming)
    assert torch.allclose(x.grad, incoming, rtol=1e-15)


@pytest.mark.parametrize("signed", [True, False])
def test_the_codes_are_those_of_linear_quantize(signed: bool) -> None:
    x = torch.linspace(-5, 5, 31)
    expected = linear_quantize(x, 0.3, 1, 3, signed)
    assert torch.equal(linear_quantize_STE(x, 0.3, 1, 3, signed), expected)
    if signed:
        assert torch.equal(linear_quantize_STE(x, 0.3, 1, 3), expected)
