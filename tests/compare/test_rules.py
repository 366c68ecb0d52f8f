"""A rule accepts the right answer in every honest form, and says what is wrong with another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from quantlab.protocol.comparison import (
    BAD_DTYPE,
    BAD_SHAPE,
    CORRECT,
    WRONG,
    AnyOf,
    Close,
    Codes,
    Each,
    IntegerTensor,
    describe,
)

CODES = np.array([[-8, 0, 7], [3, -1, 2]], np.float32)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int8, np.int32, np.int64])
def test_codes_accepts_any_dtype(dtype):
    assert Codes().compare(CODES.astype(dtype), CODES).kind == CORRECT


def test_codes_names_a_wrong_code_with_its_place():
    got = CODES.copy()
    got[1, 2] += 1
    outcome = Codes().compare(got, CODES)
    assert outcome.kind == WRONG
    assert outcome.message == "1 of 6 values is wrong, off by up to 1."
    assert outcome.detail["worst"] == {"index": [1, 2], "expected": 2, "got": 3}


@pytest.mark.parametrize("shape", [(3, 2), (6,), (1, 2, 3), (1,)])
def test_codes_refuses_to_broadcast_or_reshape(shape):
    got = np.resize(CODES, shape)
    assert Codes().compare(got, CODES).kind == BAD_SHAPE


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_close_rejects_values_that_are_not_finite(poison):
    got = CODES.copy()
    got[0, 0] = poison
    assert Close(10.0).compare(got, CODES).kind == WRONG
    assert (
        Close(10.0).compare(np.full_like(CODES, poison), np.full_like(CODES, poison)).kind == WRONG
    )


@pytest.mark.parametrize("answer", [None, "7", {}, [1, 2], np.array(["x"]), 1j, True])
def test_codes_rejects_answers_without_numbers(answer):
    assert Codes().compare(answer, np.array([1.0, 2.0])).kind == WRONG


def test_integer_tensor_requires_an_integer_dtype():
    rule = IntegerTensor()
    expected = np.array([1, 2], np.int32)
    assert rule.compare(expected.astype(np.int64), expected).kind == CORRECT
    for dtype in (np.float32, np.float64, np.int8, np.int16, np.uint8):
        assert rule.compare(expected.astype(dtype), expected).kind == BAD_DTYPE


def test_integer_tensor_compares_large_int64_exactly():
    big = np.array([2**31 - 1], np.int64)
    assert IntegerTensor().compare(big - 1, big).kind == WRONG


@given(
    arrays.arrays(np.float64, (5,), elements=st.floats(-1e3, 1e3)),
    st.floats(1e-6, 1e-1),
    st.integers(0, 4),
)
def test_close_is_relative_to_the_largest_expected_value(expected, tolerance, at):
    bound = tolerance * np.max(np.abs(expected))
    inside, outside = expected.copy(), expected.copy()
    inside[at] += 0.99 * bound
    outside[at] += 1.01 * bound + 1e-9
    assert Close(tolerance).compare(inside, expected).kind == CORRECT
    assert Close(tolerance).compare(outside, expected).kind == WRONG


@pytest.mark.parametrize(
    "scale", [0.25, np.float32(0.25), np.array(0.25), np.array([0.25]), np.array([[0.25]])]
)
def test_close_accepts_a_scale_as_number_or_single_element_tensor(scale):
    got = float(scale) if isinstance(scale, np.float32) else scale
    assert Close(1e-6).compare(got, np.array(0.25, np.float32)).kind == CORRECT


def test_any_of_accepts_any_expected_answer():
    rule = AnyOf(Close(1e-3))
    assert rule.compare(2.0, [1.0, 2.0]).kind == CORRECT
    assert rule.compare(3.0, [1.0, 2.0]).kind == WRONG


def test_each_compares_a_pair_part_by_part():
    rule = Each((Close(1e-3), Codes()), ("scale", "zero_point"))
    assert rule.compare((0.5, 0), (0.5, 0)).kind == CORRECT
    assert rule.compare([0.5, np.array(0)], (0.5, 0)).kind == CORRECT
    assert rule.compare((0.5, 1), (0.5, 0)).message.startswith("zero_point: ")
    assert rule.compare(0.5, (0.5, 0)).kind == BAD_SHAPE


def test_describe_is_short():
    text = describe(np.arange(100_000))
    assert text == "int64 (100000,) [0, 1, 2, 3, 4, 5, 6, 7, …]"
    assert len(describe("x" * 10_000)) < 100
