"""Equations (1) and (3): what holds for every tensor, scale, zero point and width."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from instructor.solution import linear_dequantize, linear_quantize

laws = settings(max_examples=80, deadline=None)
widths = st.integers(1, 16)
scales = st.floats(1e-3, 1e3)
signs = st.booleans()
seeds = st.integers(0, 2**32)


def numbers(seed: int, spread: float, dtype: torch.dtype = torch.float64) -> Tensor:
    """Normal numbers of this spread, both zeros and two far out, in a shape of two dimensions."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(4, 16, generator=generator, dtype=dtype) * spread
    x[0, :4] = torch.tensor([0.0, -0.0, -100.0 * spread, 100.0 * spread])
    return x


def limits(bits: int, signed: bool) -> tuple[int, int]:
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)


@laws
@given(widths, scales, st.integers(-9, 9), signs, seeds)
def test_codes_are_integers_within_the_limits(
    bits: int, scale: float, zero_point: int, signed: bool, seed: int
) -> None:
    x = numbers(seed, scale * 2**bits, torch.float32)
    codes = linear_quantize(x, scale, zero_point, bits, signed)
    low, high = limits(bits, signed)
    assert codes.dtype == x.dtype
    assert codes.shape == x.shape
    assert torch.equal(codes, codes.round())
    assert codes.min() == low
    assert codes.max() == high


@laws
@given(widths, scales, st.integers(-9, 9), signs, seeds)
def test_inside_the_range_nothing_is_off_by_more_than_half_a_step(
    bits: int, scale: float, zero_point: int, signed: bool, seed: int
) -> None:
    x = numbers(seed, scale * 2**bits)
    low, high = limits(bits, signed)
    recovered = linear_dequantize(
        linear_quantize(x, scale, zero_point, bits, signed), scale, zero_point
    )
    lowest, highest = scale * (low + zero_point), scale * (high + zero_point)
    inside = (x >= lowest) & (x <= highest)
    assert ((x - recovered).abs()[inside] <= scale / 2 * (1 + 1e-9)).all()
    assert (recovered[x < lowest] == lowest).all()
    assert (recovered[x > highest] == highest).all()


@laws
@given(widths, scales, st.integers(-9, 9), signs, seeds)
def test_what_is_on_the_grid_stays(
    bits: int, scale: float, zero_point: int, signed: bool, seed: int
) -> None:
    codes = linear_quantize(numbers(seed, scale * 2**bits), scale, zero_point, bits, signed)
    recovered = linear_dequantize(codes, scale, zero_point)
    assert torch.equal(linear_quantize(recovered, scale, zero_point, bits, signed), codes)


@laws
@given(widths, scales, signs, seeds)
def test_codes_never_fall_as_numbers_grow(bits: int, scale: float, signed: bool, seed: int) -> None:
    x = numbers(seed, scale * 2**bits).flatten().sort().values
    assert (linear_quantize(x, scale, 0, bits, signed).diff() >= 0).all()


@laws
@given(widths, scales, st.integers(-8, 8), signs, seeds)
def test_numbers_and_scale_may_change_their_unit_together(
    bits: int, scale: float, exponent: int, signed: bool, seed: int
) -> None:
    x, unit = numbers(seed, scale * 2**bits), 2.0**exponent  # a power of two moves no tie
    codes = linear_quantize(x, scale, 0, bits, signed)
    assert torch.equal(linear_quantize(unit * x, unit * scale, 0, bits, signed), codes)


@laws
@given(scales, st.integers(-50, 50), seeds)
def test_the_zero_point_shifts_codes_and_not_numbers(
    scale: float, zero_point: int, seed: int
) -> None:
    x = numbers(seed, 10 * scale)  # far inside 16 bits
    codes = linear_quantize(x, scale, zero_point, 16)
    assert torch.equal(codes + zero_point, linear_quantize(x, scale, 0, 16))


def test_a_scale_may_be_a_number_or_a_tensor() -> None:
    x = torch.tensor([-3.0, 0.4, 5.0])
    for scale in (0.5, torch.tensor(0.5), torch.tensor(0.5, dtype=torch.float64)):
        codes = linear_quantize(x, scale, torch.tensor(0), 4)
        assert codes.tolist() == [-6, 1, 7]
        assert codes.dtype == torch.float32
        assert linear_dequantize(codes, scale, torch.tensor(0)).dtype == torch.float32


def test_the_input_stays_as_it_is() -> None:
    x = torch.tensor([-3.0, 0.4, 5.0])
    linear_dequantize(linear_quantize(x, 0.5, 1, 2), 0.5, 1)
    assert torch.equal(x, torch.tensor([-3.0, 0.4, 5.0]))
