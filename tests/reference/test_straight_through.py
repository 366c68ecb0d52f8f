"""Examples of the straight-through estimator; tests/laws says what its gradient obeys."""

import pytest
import torch

from instructor.solution import (
    linear_dequantize,
    linear_quantize,
    linear_quantize_STE,
    reset_scale_and_zero_point,
)


def test_linear_quantize_ste_passes_a_gradient_to_a_clipped_element() -> None:
    x = torch.tensor([-4.0, 4.0], requires_grad=True)
    scale, zero_point = reset_scale_and_zero_point(x, 2, "sym")
    linear_dequantize(
        linear_quantize_STE(x, scale, zero_point, 2), scale, zero_point
    ).sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("signed", [True, False])
def test_linear_quantize_ste_returns_the_codes_of_linear_quantize(signed: bool) -> None:
    x = torch.linspace(-5, 5, 31)
    expected = linear_quantize(x, 0.3, 1, 3, signed)
    assert torch.equal(linear_quantize_STE(x, 0.3, 1, 3, signed), expected)
    if signed:
        assert torch.equal(linear_quantize_STE(x, 0.3, 1, 3), expected)
