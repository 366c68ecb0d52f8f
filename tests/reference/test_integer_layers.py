"""The reference's integer layers: exact sums, and equation (6) on top of them."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from instructor import solution
from instructor.solution import (
    integer_conv2d,
    integer_linear,
    quantized_conv2d_function,
    quantized_linear_function,
)

LOWEST, HIGHEST = -(2**31), 2**31 - 1
N = 2**30 + 5
GEOMETRY = {"stride": 2, "padding": (1, 0), "dilation": (1, 2), "groups": 2}
laws = settings(max_examples=50, deadline=None)


def codes(shape: tuple[int, ...], low: int, high: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(low, high + 1, shape, generator=generator).to(torch.int32)


def int32(*rows: list[int]) -> Tensor:
    return torch.tensor(rows, dtype=torch.int32)


@laws
@given(st.integers(1, 32), st.integers(1, 32), st.integers(1, 40), st.integers(0, 2**32))
def test_linear_is_exact_or_overflows_at_every_pair_of_widths(
    input_bits: int, weight_bits: int, terms: int, seed: int
) -> None:
    input = codes((3, terms), -(2 ** (input_bits - 1)), 2 ** (input_bits - 1) - 1, seed)
    weight = codes((2, terms), -(2 ** (weight_bits - 1)), 2 ** (weight_bits - 1) - 1, seed + 1)
    truth = input.numpy().astype(object) @ weight.numpy().astype(object).T
    if truth.min() < LOWEST or truth.max() > HIGHEST:
        with pytest.raises(OverflowError):
            integer_linear(input, weight)
    else:
        result = integer_linear(input, weight)
        assert result.dtype == torch.int32
        assert (result.numpy() == truth).all()


@pytest.mark.parametrize(
    ("input", "weight", "result"),
    [
        (int32([LOWEST, LOWEST, 5]), int32([LOWEST + 1, -LOWEST - 1, 3]), 15),
        (int32([LOWEST, LOWEST, 1]), int32([HIGHEST, -HIGHEST, HIGHEST]), HIGHEST),
        (int32([LOWEST, LOWEST, 1]), int32([HIGHEST, -HIGHEST, LOWEST]), LOWEST),
        (int32([N + 1, N]), int32([N - 1, -N]), -1),  # float64 holds neither product
        (int32([LOWEST] * 4), int32([LOWEST] * 4), None),  # 2^64, which is 0 in int64
        (int32([LOWEST, HIGHEST]), int32([LOWEST, LOWEST]), None),  # 2^31
        (int32([LOWEST, 0]), int32([-1, 0]), None),
        (int32([LOWEST, -1]), int32([1, 1]), None),
    ],
)
def test_the_ends_of_int32(input: Tensor, weight: Tensor, result: int | None) -> None:
    pixels, kernels = input[:, :, None, None], weight[:, :, None, None]
    if result is None:
        with pytest.raises(OverflowError, match="int32"):
            integer_linear(input, weight)
        with pytest.raises(OverflowError, match="int32"):
            integer_conv2d(pixels, kernels)
    else:
        assert integer_linear(input, weight).item() == result
        assert integer_conv2d(pixels, kernels).item() == result


@pytest.mark.parametrize("geometry", [{}, GEOMETRY, {"padding": "same"}])
def test_convolution_is_exact(geometry: dict) -> None:
    input = codes((2, 4, 9, 9), 0, 65535, 0)
    weight = codes((6, 4 // geometry.get("groups", 1), 3, 3), -128, 127, 1)
    truth = F.conv2d(input.long(), weight.long(), **geometry)
    assert truth.abs().max() > 2**24
    assert torch.equal(integer_conv2d(input, weight, **geometry), truth.to(torch.int32))


def test_other_dtypes_are_an_error_that_says_so() -> None:
    with pytest.raises(TypeError, match="float32"):
        integer_linear(torch.ones(1, 2), int32([1, 1]))
    with pytest.raises(TypeError, match="int64"):
        integer_conv2d(int32([1])[:, :, None, None], torch.ones(1, 1, 1, 1).long())


@laws
@given(st.floats(1e-4, 10.0), st.floats(1e-4, 10.0), st.integers(0, 2**32))
def test_integer_layers_agree_with_fake_quantization(s_x: float, s_w: float, seed: int) -> None:
    x, w = codes((2, 4, 7, 7), 0, 255, seed), codes((6, 2, 3, 3), -128, 127, seed + 1)
    fake = F.conv2d(s_x * x.double(), s_w * w.double(), **GEOMETRY)
    assert torch.equal((fake / (s_x * s_w)).round().int(), integer_conv2d(x, w, **GEOMETRY))
    assert torch.allclose(quantized_conv2d_function(x, w, None, s_x, s_w, **GEOMETRY), fake.float())
    x, w = x.flatten(1), codes((5, 196), -128, 127, seed)
    fake = F.linear(s_x * x.double(), s_w * w.double())
    assert torch.equal((fake / (s_x * s_w)).round().int(), integer_linear(x, w))
    assert torch.allclose(quantized_linear_function(x, w, None, s_x, s_w), fake.float())


def test_only_the_integer_functions_multiply(monkeypatch: pytest.MonkeyPatch) -> None:
    x, w = codes((2, 3, 4, 4), 0, 255, 0), codes((5, 3, 3, 3), -128, 127, 1)
    bias = int32([1, -2, 3, -4, HIGHEST])[0]
    sums = codes((2, 5, 2, 2), -(10**6), 10**6, 2)
    seen = []

    def stand_in(*arguments: object) -> Tensor:
        seen.append(arguments)
        return sums

    monkeypatch.setattr(solution, "integer_conv2d", stand_in)
    expected = 0.5 * 0.25 * (sums.double() + bias.double().view(1, -1, 1, 1))
    result = quantized_conv2d_function(x, w, bias, torch.tensor(0.5), torch.tensor(0.25), 2, 1)
    assert torch.allclose(result.double(), expected)
    assert result.dtype == torch.float32
    assert seen == [(x, w, 2, 1, 1, 1)]
    monkeypatch.setattr(solution, "integer_linear", lambda *_: sums[:, :, 0, 0])
    result = quantized_linear_function(x, w, bias, 0.5, 0.25)
    assert torch.allclose(result.double(), expected[:, :, 0, 0])
