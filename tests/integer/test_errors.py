"""What a person can get wrong comes back as one sentence."""

from typing import Any

import pytest
import torch
from torch import Tensor

from quantlab.arithmetic.integer_kernels import integer_conv2d, integer_linear


def zeros(*shape: int) -> Tensor:
    return torch.zeros(shape, dtype=torch.int32)


@pytest.mark.parametrize("wrong", [zeros(1, 1).float(), zeros(1, 1).long(), [[1]]])
def test_integer_kernels_refuse_operands_other_than_int32(wrong: Any) -> None:
    with pytest.raises(TypeError, match="the input as an int32 tensor"):
        integer_linear(wrong, zeros(1, 1))
    with pytest.raises(TypeError, match="the weight as an int32 tensor"):
        integer_conv2d(zeros(1, 1, 1, 1), wrong)


def test_integer_linear_refuses_sizes_that_do_not_match() -> None:
    with pytest.raises(ValueError, match=r"\(2, 3\) and \(4, 5\)"):
        integer_linear(zeros(2, 3), zeros(4, 5))
    with pytest.raises(ValueError, match=r"\(3,\)"):
        integer_linear(zeros(2, 3), zeros(3))


@pytest.mark.parametrize(
    ("weight", "geometry"),
    [
        (zeros(2, 2, 3, 3), {}),  # channels
        (zeros(2, 3, 7, 7), {}),  # larger than the image
        (zeros(3, 3), {}),
        (zeros(2, 3, 0, 3), {}),
        (zeros(2, 1, 3, 3), {"groups": 3}),  # two outputs in three groups
        (zeros(2, 3, 3, 3), {"stride": 0}),
        (zeros(2, 3, 3, 3), {"stride": (1, 1, 1)}),
        (zeros(2, 3, 3, 3), {"padding": -1}),
        (zeros(2, 3, 3, 3), {"padding": "reflect"}),
        (zeros(2, 3, 3, 3), {"padding": "same", "stride": 2}),
        (zeros(2, 3, 3, 3), {"dilation": 0}),
        (zeros(2, 3, 3, 3), {"groups": 0}),
    ],
)
def test_integer_conv2d_refuses_an_impossible_geometry(
    weight: Tensor, geometry: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"^integer_conv2d.*[.]$"):
        integer_conv2d(zeros(1, 3, 5, 5), weight, **geometry)


def test_integer_linear_refuses_a_device_without_float64() -> None:
    with pytest.raises(ValueError, match="on meta and the weight on cpu"):
        integer_linear(zeros(1, 1).to("meta"), zeros(1, 1))
