"""Which arithmetic is chosen: the cheapest that is proved exact, whatever the process allows."""

import platform

import pytest
import torch
from torch import Tensor

from quantlab.arithmetic.integer_kernels import (
    accumulate_conv2d,
    accumulate_linear,
    sufficient_float,
)

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
on_x86 = pytest.mark.skipif(
    platform.machine().lower() not in ("x86_64", "amd64"),
    reason="float32 is used on x86 processors only",
)


def weight(*magnitudes: int) -> Tensor:
    """Two outputs, the second one all zeros, with these weights of alternating sign."""
    row = torch.tensor([m * (-1) ** i for i, m in enumerate(magnitudes)], dtype=torch.float64)
    return torch.stack([row, torch.zeros_like(row)])


@on_x86
def test_sufficient_float_is_float32_up_to_2_to_the_24() -> None:
    assert sufficient_float(CPU, weight(*[256] * 256), 256) == torch.float32
    assert sufficient_float(CPU, weight(*[256] * 256, 1), 256) == torch.float64


@on_x86
def test_sufficient_float_is_float32_only_for_bfloat16_codes() -> None:
    assert sufficient_float(CPU, weight(256), 256) == torch.float32
    assert sufficient_float(CPU, weight(1), 257) == torch.float64
    assert sufficient_float(CPU, weight(257), 1) == torch.float64


def test_sufficient_float_is_float64_up_to_2_to_the_53() -> None:
    assert sufficient_float(CPU, weight(2**31, 2**31), 2**21) == torch.float64
    assert sufficient_float(CPU, weight(2**31, 2**31), 2**21 + 1) is None
    with pytest.raises(OverflowError, match="2\\^53"):
        accumulate_linear(torch.zeros(1, 2), weight(2**31, 2**31), 2**31)
    with pytest.raises(OverflowError, match="2\\^53"):
        accumulate_conv2d(torch.zeros(1, 1, 1, 1), torch.full((1, 1, 1, 1), 2.0**31), 2**31)


def test_sufficient_float_counts_the_lowest_int32_with_its_magnitude() -> None:
    lowest = torch.tensor([[-(2**31)]], dtype=torch.int32)  # which has no int32 magnitude
    assert sufficient_float(CPU, lowest, 2**22) == torch.float64
    assert sufficient_float(CPU, lowest, 2**23) is None


def test_sufficient_float_is_float64_on_cuda_and_other_processors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert sufficient_float(CUDA, weight(1), 1) == torch.float64
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    assert sufficient_float(CPU, weight(1), 1) == torch.float64


@pytest.mark.usefixtures("float32_shortened")
@pytest.mark.parametrize(("input_max", "weight_max"), [(255, 40), (256, 128), (4095, 127)])
def test_accumulate_functions_are_exact_when_float32_may_be_shortened(
    input_max: int, weight_max: int
) -> None:
    generator = torch.Generator().manual_seed(0)
    input = torch.randint(input_max - 20, input_max + 1, (16, 32, 8, 8), generator=generator)
    weights = torch.randint(-weight_max, weight_max + 1, (16, 32, 3, 3), generator=generator)
    truth = torch.nn.functional.conv2d(input, weights, padding=1)
    sums = accumulate_conv2d(input.float(), weights.float(), input_max, padding=1)
    assert torch.equal(sums.long(), truth)
    flat, matrix = input.flatten(1), weights.flatten(1)
    sums = accumulate_linear(flat[:, :288].float(), matrix.float(), input_max)
    assert torch.equal(sums.long(), flat[:, :288] @ matrix.T)


def test_accumulate_linear_has_no_gradient() -> None:
    codes = torch.ones(1, 2, requires_grad=True)
    assert not accumulate_linear(codes, weight(1, 1), 1).requires_grad
