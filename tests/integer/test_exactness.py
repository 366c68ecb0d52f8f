"""`integer_linear` and `integer_conv2d` equal arithmetic without limits, or say that they overflow.

The truth for linear layers is computed with Python's integers; for convolutions with int64, which
is right modulo 2^64, hence right wherever the true sum is an int32 number.
"""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from quantlab.arithmetic.integer_kernels import integer_conv2d, integer_linear

LOWEST, HIGHEST = -(2**31), 2**31 - 1
few = settings(max_examples=60, deadline=None)


def codes(shape: tuple[int, ...], bits: int, seed: int) -> Tensor:
    """Signed codes of this many bits, about half of them the two extremes."""
    generator = torch.Generator().manual_seed(seed)
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    anywhere = torch.randint(low, high + 1, shape, generator=generator)
    extreme = torch.where(torch.rand(shape, generator=generator) < 0.5, low, high)
    where = torch.rand(shape, generator=generator) < 0.5
    return torch.where(where, anywhere, extreme).to(torch.int32)


def true_linear(input: Tensor, weight: Tensor) -> np.ndarray:
    return input.numpy().astype(object) @ weight.numpy().astype(object).T


def int32(*rows: list[int]) -> Tensor:
    return torch.tensor(rows, dtype=torch.int32)


@few
@given(st.integers(1, 32), st.integers(1, 32), st.integers(1, 70), st.integers(0, 2**32))
def test_integer_linear_is_exact_or_overflows_at_all_widths(
    input_bits: int, weight_bits: int, terms: int, seed: int
) -> None:
    input, weight = codes((3, terms), input_bits, seed), codes((5, terms), weight_bits, seed + 1)
    truth = true_linear(input, weight)
    if truth.min() < LOWEST or truth.max() > HIGHEST:
        with pytest.raises(OverflowError):
            integer_linear(input, weight)
    else:
        result = integer_linear(input, weight)
        assert result.dtype == torch.int32
        assert (result.numpy() == truth).all()


@few
@given(st.integers(1, 31), st.integers(1, 31), st.integers(1, 200), st.integers(0, 2**32))
def test_integer_linear_is_exact_when_huge_terms_cancel(
    input_bits: int, weight_bits: int, pairs: int, seed: int
) -> None:
    x, w = codes((1, pairs), input_bits, seed), codes((1, pairs), weight_bits, seed + 1)
    w = w.clamp(min=LOWEST + 1)
    input, weight = torch.cat([x, x, int32([7])], 1), torch.cat([w, -w, int32([-3])], 1)
    assert integer_linear(input, weight).tolist() == [[-21]]


@pytest.mark.parametrize(
    ("input", "weight"),
    [
        (int32([LOWEST] * 4), int32([LOWEST] * 4)),  # 2^64, which is 0 in int64
        (int32([LOWEST, 1]), int32([-1, 0])),  # 2^31, the first that does not fit
        (int32([HIGHEST, 1]), int32([1, 1])),
        (int32([LOWEST, -1]), int32([1, 1])),
        (int32([LOWEST, HIGHEST]), int32([LOWEST, LOWEST])),  # 2^31 by cancellation
    ],
)
def test_integer_kernels_refuse_a_result_outside_int32(input: Tensor, weight: Tensor) -> None:
    with pytest.raises(OverflowError, match="does not fit in int32"):
        integer_linear(input, weight)
    with pytest.raises(OverflowError, match="does not fit in int32"):
        integer_conv2d(input[:, :, None, None], weight[:, :, None, None])


def test_integer_linear_returns_both_ends_of_int32() -> None:
    assert integer_linear(int32([LOWEST, 0]), int32([1, 5])).item() == LOWEST
    assert integer_linear(int32([HIGHEST, 0]), int32([1, 5])).item() == HIGHEST


def test_integer_linear_accepts_any_leading_dimensions() -> None:
    input, weight = codes((2, 3, 4), 8, 0), codes((5, 4), 8, 1)
    assert torch.equal(integer_linear(input, weight).long(), input.long() @ weight.long().T)
    assert integer_linear(input[0, 0], weight).shape == (5,)
    assert integer_linear(input[:0], weight).shape == (0, 3, 5)


@few
@given(st.data())
def test_integer_conv2d_is_exact_for_every_geometry(data: st.DataObject) -> None:
    pair = st.integers(1, 3) | st.tuples(st.integers(1, 3), st.integers(1, 3))
    padding = st.integers(0, 2) | st.tuples(st.integers(0, 2), st.integers(0, 2))
    groups = data.draw(st.integers(1, 3), "groups")
    kernel = data.draw(st.tuples(st.integers(1, 3), st.integers(1, 3)), "kernel")
    geometry = {
        "stride": data.draw(pair, "stride"),
        "padding": data.draw(padding | st.just("valid"), "padding"),
        "dilation": data.draw(pair, "dilation"),
        "groups": groups,
    }
    if geometry["stride"] == 1:
        geometry["padding"] = data.draw(padding | st.just("same"), "padding at stride 1")
    seed = data.draw(st.integers(0, 2**32), "seed")
    # widths that float32, float64 and digits are for, none of which can leave int32 ...
    bits = data.draw(st.sampled_from([(2, 2), (8, 8), (9, 8), (16, 10), (23, 1)]), "bits")
    input = codes((2, 2 * groups, 9, 8), bits[0], seed)
    weight = codes((2 * groups, 2, *kernel), bits[1], seed + 1)
    truth = F.conv2d(input.long(), weight.long(), **geometry)
    result = integer_conv2d(input, weight, **geometry)
    assert result.dtype == torch.int32
    assert torch.equal(result.long(), truth)
    # ... and full-width codes, each channel beside its negative
    huge = codes((2, groups, 9, 8), 32, seed).clamp(min=LOWEST + 1)
    huge = torch.stack([huge, -huge], 2).flatten(1, 2)
    wide = codes((2 * groups, 1, *kernel), 32, seed + 1)
    wide = torch.cat([wide, wide], 1)
    assert not integer_conv2d(huge, wide, **geometry).any()


@pytest.mark.parametrize("bits", [8, 16])  # float32, and float64 by patches
@pytest.mark.parametrize(
    "geometry",
    [
        {"padding": (2, 0)},
        {"padding": (0, 1), "stride": (1, 2)},
        {"padding": "same"},
        {"padding": "same", "dilation": (3, 1)},
        {"stride": (3, 1), "dilation": (1, 3)},
        {"groups": 2, "padding": 1},
    ],
)
def test_integer_conv2d_keeps_vertical_and_horizontal_apart(
    bits: int, geometry: dict[str, Any]
) -> None:
    input = codes((2, 4, 9, 8), bits, 0)
    weight = codes((6, 4 // geometry.get("groups", 1), 2, 3), 8, 1)
    truth = F.conv2d(input.long(), weight.long(), **geometry)
    assert torch.equal(integer_conv2d(input, weight, **geometry).long(), truth)


def test_integer_conv2d_is_exact_for_sums_over_2_to_the_24() -> None:
    input = torch.full((2, 64, 6, 6), 255, dtype=torch.int32)
    weight = torch.full((8, 64, 3, 3), 127, dtype=torch.int32)
    weight[:, 0, 1, 1] = 126  # makes the sum odd where float32 holds even numbers only
    result = integer_conv2d(input, weight, padding=1)
    assert result[0, 0, 2, 2] == 255 * (127 * 575 + 126)
    assert torch.equal(result.long(), F.conv2d(input.long(), weight.long(), padding=1))


def test_integer_conv2d_leaves_its_arguments_unchanged() -> None:
    input, weight = codes((2, 3, 5, 5), 32, 0) // 999, codes((2, 3, 3, 3), 4, 1)
    before = input.clone(), weight.clone()
    integer_conv2d(input, weight)
    assert torch.equal(input, before[0])
    assert torch.equal(weight, before[1])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")
@pytest.mark.parametrize(("input_bits", "weight_bits"), [(8, 8), (16, 10), (32, 32)])
def test_integer_conv2d_on_cuda_equals_the_cpu(input_bits: int, weight_bits: int) -> None:
    x = codes((4, 16, 8, 8), input_bits, 0).clamp(min=LOWEST + 1)
    w = codes((8, 16, 3, 3), weight_bits, 1)
    input, weight = torch.cat([x, -x, x], 1), torch.cat([w, w, w // 2**weight_bits], 1)
    torch.backends.cudnn.allow_tf32 = True
    expected = integer_conv2d(input, weight, padding=1)
    assert torch.equal(integer_conv2d(input.cuda(), weight.cuda(), padding=1).cpu(), expected)
