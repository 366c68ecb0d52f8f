"""The reference's integer layers at the ends of int32, and who multiplies; see also tests/laws."""

import pytest
import torch
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


def codes(shape: tuple[int, ...], low: int, high: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(low, high + 1, shape, generator=generator).to(torch.int32)


def int32(*rows: list[int]) -> Tensor:
    return torch.tensor(rows, dtype=torch.int32)


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
def test_reference_integer_layers_are_exact_at_the_ends_of_int32(
    input: Tensor, weight: Tensor, result: int | None
) -> None:
    pixels, kernels = input[:, :, None, None], weight[:, :, None, None]
    if result is None:
        with pytest.raises(OverflowError, match="int32"):
            integer_linear(input, weight)
        with pytest.raises(OverflowError, match="int32"):
            integer_conv2d(pixels, kernels)
    else:
        assert integer_linear(input, weight).item() == result
        assert integer_conv2d(pixels, kernels).item() == result


def test_integer_conv2d_accepts_padding_as_a_word() -> None:
    input, weight = codes((2, 4, 9, 9), 0, 255, 0), codes((6, 2, 3, 3), -128, 127, 1)
    truth = F.conv2d(input.long(), weight.long(), padding="same", dilation=(1, 2), groups=2)
    result = integer_conv2d(input, weight, padding="same", dilation=(1, 2), groups=2)
    assert torch.equal(result, truth.to(torch.int32))


def test_reference_integer_layers_refuse_other_dtypes() -> None:
    with pytest.raises(TypeError, match="float32"):
        integer_linear(torch.ones(1, 2), int32([1, 1]))
    with pytest.raises(TypeError, match="int64"):
        integer_conv2d(int32([1])[:, :, None, None], torch.ones(1, 1, 1, 1).long())


def test_quantized_functions_multiply_only_by_integer_functions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x, w = codes((2, 3, 4, 4), 0, 255, 0), codes((5, 3, 3, 3), -128, 127, 1)
    bias = int32([1, -2, 3, -4, HIGHEST])[0]
    sums = codes((2, 5, 2, 2), -(10**6), 10**6, 2)
    calls = []

    def stand_in(*arguments: object) -> Tensor:
        calls.append(arguments)
        return sums

    monkeypatch.setattr(solution, "integer_conv2d", stand_in)
    expected = 0.5 * 0.25 * (sums.double() + bias.double().view(1, -1, 1, 1))
    result = quantized_conv2d_function(x, w, bias, torch.tensor(0.5), torch.tensor(0.25), 2, 1)
    assert torch.allclose(result.double(), expected)
    assert result.dtype == torch.float32
    assert calls == [(x, w, 2, 1, 1, 1)]
    monkeypatch.setattr(solution, "integer_linear", lambda *_: sums[:, :, 0, 0])
    result = quantized_linear_function(x, w, bias, 0.5, 0.25)
    assert torch.allclose(result.double(), expected[:, :, 0, 0])
