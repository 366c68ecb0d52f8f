"""The format between worker and host: values survive it, and nothing else gets out of it."""

import contextlib
import json
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from quantlab.errors import WireError
from quantlab.protocol.wire import (
    DTYPES,
    MAGIC,
    MAX_ARRAYS,
    MAX_DEPTH,
    MAX_HEADER,
    PREFIX,
    pack,
    unpack,
)

LIMIT = 1 << 20


@dataclass(frozen=True)
class Point:
    x: int
    y: Any


def frame_of(header: Any, payload: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return PREFIX.pack(MAGIC, len(text), len(payload)) + text + payload


def read(node: Any, arrays: Any = (), payload: bytes = b"") -> Any:
    header = {"value": node, "arrays": list(arrays) if isinstance(arrays, tuple) else arrays}
    return unpack(frame_of(header, payload), LIMIT)


def same(left: Any, right: Any) -> bool:
    if isinstance(left, np.ndarray):
        return (
            isinstance(right, np.ndarray)
            and left.dtype == right.dtype
            and left.shape == right.shape
            and left.tobytes() == right.tobytes()
        )
    if type(left) is not type(right):
        return False
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, float):
        return left == right or (math.isnan(left) and math.isnan(right))
    return left == right


SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(max_size=20)
)
ARRAYS = npst.arrays(
    st.sampled_from(sorted(DTYPES)), npst.array_shapes(min_dims=0, max_dims=4, min_side=0)
)
KEYS = st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_unpack_returns_the_packed_value(value: Any) -> None:
    assert same(unpack(pack(value), LIMIT), value)


def test_unpack_returns_arrays_as_copies_in_c_order() -> None:
    transposed = np.arange(6, dtype=np.float32).reshape(2, 3).T
    frame = bytearray(pack(transposed))
    back = unpack(frame, LIMIT)
    frame[-1] ^= 0xFF
    assert back.flags["C_CONTIGUOUS"]
    assert (back == transposed).all()
    assert back.flags["WRITEABLE"]


def test_pack_keeps_values_of_big_endian_arrays() -> None:
    assert unpack(pack(np.array([1, 2], ">i4")), LIMIT).tolist() == [1, 2]


def test_unpack_returns_a_record_only_on_request() -> None:
    frame = pack([Point(1, np.zeros(2))])
    assert unpack(frame, LIMIT, {"Point": Point})[0].x == 1
    with pytest.raises(WireError, match="record"):
        unpack(frame, LIMIT)


def nested(depth: int) -> list:
    return [nested(depth - 1)] if depth else []


@pytest.mark.parametrize(
    "value",
    [
        object(),
        {1, 2},
        np.array([object()]),
        np.zeros(2, "datetime64[s]"),
        1 << 64,
        {(1, 2): 3},
        nested(MAX_DEPTH + 1),
        ["x" * MAX_HEADER],
        [np.zeros(0)] * (MAX_ARRAYS + 1),
    ],
    ids=["object", "set", "objects", "dates", "huge-int", "tuple-key", "deep", "long", "many"],
)
def test_pack_refuses_what_does_not_fit(value: Any) -> None:
    with pytest.raises(WireError):
        pack(value)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"QKW1",
        b"AGW1" + bytes(12),
        PREFIX.pack(MAGIC, 2**32 - 1, 2**63) + b"x" * 100,
        PREFIX.pack(MAGIC, 10, 0) + b"{}",
        frame_of({"value": 1, "arrays": []}) + b"more",
        PREFIX.pack(MAGIC, 2, LIMIT + 1) + b"{}",
        frame_of(b"[" * 900_000),
        frame_of(b'{"value": ' + b"9" * 5000 + b', "arrays": []}'),
        frame_of(b'{"value": NaN, "arrays": []}'),
        frame_of(b'{"value": 1e999, "arrays": []}'),
        frame_of(b"\xff\xfe"),
        frame_of(b'{"value": 1, "arrays": []'),
        frame_of(b"null"),
        frame_of({"value": 1}),
        frame_of({"value": 1, "arrays": [], "passed": True}),
        frame_of({"value": 1, "arrays": []}, b"left over"),
        frame_of({"value": "\ud800", "arrays": []}),
    ],
    ids=range(18),
)
def test_unpack_refuses_an_inconsistent_frame(frame: bytes) -> None:
    with pytest.raises(WireError):
        unpack(frame, LIMIT)


@pytest.mark.parametrize(
    "entry",
    [
        ["O", [1]],
        ["object", [1]],
        ["float32", [2]],
        ["float32", [1 << 39, 1 << 39]],
        ["float32", [-1]],
        ["float32", [True]],
        ["float32", [1.0]],
        ["float32", ["1"]],
        ["float32", "1"],
        ["float32", [1] * 17],
        ["float32", [0, 1 << 40, 1 << 40]],
        ["float32", [1 << 41, 0]],
        [["float32"], [1]],
        ["float32"],
        ["float32", [1], 0],
        {"dtype": "float32", "shape": [1]},
        None,
    ],
)
def test_unpack_refuses_an_array_outside_the_payload(entry: Any) -> None:
    with pytest.raises(WireError):
        read({"array": 0}, [entry], bytes(4))


@pytest.mark.parametrize(
    "node",
    [
        {},
        {"list": [], "tuple": []},
        {"list": {}},
        {"tuple": 3},
        {"dict": {}},
        {"dict": [[1]]},
        {"dict": [[{"list": []}, 1]]},
        {"dict": [[{"array": 0}, 1]]},
        {"array": 1},
        {"array": -1},
        {"array": True},
        {"array": "0"},
        {"float": "1"},
        {"float": ["nan"]},
        {"eval": "1"},
        {"__class__": "x"},
        {"record": ["Point", {"x": 1, "y": 2}]},
        {"record": [["Point"], {}]},
        [1],
        1 << 65,
    ],
)
def test_unpack_refuses_a_node_with_a_wrong_tag(node: Any) -> None:
    with pytest.raises(WireError):
        read(node, [["float32", [1]]], bytes(4))


@pytest.mark.parametrize("parts", [{"x": 1}, {"x": 1, "y": 2, "z": 3}, [], None])
def test_unpack_refuses_a_record_with_other_fields(parts: Any) -> None:
    frame = frame_of({"value": {"record": ["Point", parts]}, "arrays": []})
    with pytest.raises(WireError):
        unpack(frame, LIMIT, {"Point": Point})


def test_unpack_limits_the_depth() -> None:
    node: Any = {"list": []}
    for _ in range(MAX_DEPTH):
        node = {"list": [node]}
    assert read(node) is not None
    with pytest.raises(WireError, match="nested"):
        read({"list": [node]})


@pytest.mark.parametrize(
    "wrap",
    [lambda value: [value], lambda value: {"a": value}, lambda value: Point(1, value)],
    ids=["list", "dict", "record"],
)
def test_unpack_reads_the_deepest_value_of_each_kind(wrap: Callable[[Any], Any]) -> None:
    value: Any = Point(1, math.nan)
    for _ in range(MAX_DEPTH - 1):
        value = wrap(value)
    frame = pack(value)
    assert pack(unpack(frame, LIMIT, {"Point": Point})) == frame


@pytest.mark.parametrize("brackets", ["[" * 5_000 + "]" * 5_000, '{"list":' * 3_000 + "1"])
def test_unpack_refuses_deep_brackets_before_it_parses_them(brackets: str) -> None:
    with pytest.raises(WireError, match=f"nested more than {MAX_DEPTH} deep"):
        unpack(frame_of(f'{{"value":{brackets},"arrays":[]}}'.encode()), LIMIT)


@given(st.lists(st.text('[{"\\a', min_size=20), min_size=1, max_size=9))
def test_unpack_ignores_brackets_in_strings(texts: list[str]) -> None:
    full = [*texts, "[" * 1_000, '"' + "{" * 1_000, "\\" + "[" * 1_000, '\\"' + "[" * 1_000]
    assert unpack(pack(full), LIMIT) == full


def test_unpack_refuses_arrays_that_share_bytes() -> None:
    """Else a frame of a megabyte would grow to gigabytes on the host."""
    entries = [["uint8", [1000]]] * 2
    with pytest.raises(WireError, match="beyond the payload"):
        read(None, entries, bytes(1000))


@pytest.mark.parametrize(
    "node",
    [
        {"list": [{"array": 0}, {"array": 1}, {"array": 1}]},
        {"list": [{"array": 1}, {"array": 0}]},
        {"array": 0},
        {"dict": [[{"array": 0}, {"array": 1}]]},
        None,
    ],
    ids=["twice", "out-of-turn", "one-left", "as-key", "none"],
)
def test_unpack_requires_each_array_once_and_in_order(node: Any) -> None:
    """Else 70,000 mentions of one array would be as many arrays for whoever writes them out."""
    with pytest.raises(WireError, match=r"array|key"):
        read(node, [["uint8", [2]], ["uint8", [2]]], bytes(4))


def test_unpack_normalizes_bytes_of_booleans() -> None:
    back = read({"array": 0}, [["bool", [3]]], b"\x00\x02\xff")
    assert back.view(np.uint8).tolist() == [0, 1, 1]


SAMPLE = pack(
    {
        "answer": (np.arange(6, dtype=np.float32).reshape(2, 3), [1, 2.5, None, "text", True]),
        3: {"nested": (np.array([True, False]), math.inf)},
    }
)


def test_unpack_raises_only_wire_errors_for_damaged_frames() -> None:
    draw = random.Random(0)
    refused = 0
    for _ in range(5000):
        frame = bytearray(SAMPLE)
        for _ in range(draw.choice((1, 1, 2, 8))):
            match draw.randrange(3):
                case 0:
                    frame[draw.randrange(len(frame))] = draw.randrange(256)
                case 1:
                    position = draw.randrange(len(frame))
                    del frame[position : position + draw.randrange(1, 9)]
                    frame = frame or bytearray(1)
                case 2:
                    position = draw.randrange(len(frame))
                    frame[position:position] = draw.randbytes(draw.randrange(1, 9))
        try:
            unpack(frame, LIMIT)
        except WireError:
            refused += 1
    assert refused > 3000


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["list", "tuple", "dict", "array", "float", "record", "x"]),
            inner,
            max_size=2,
        )
    ),
    max_leaves=10,
)


@settings(max_examples=300)
@given(JSON, JSON, st.binary(max_size=16))
def test_unpack_raises_only_wire_errors_for_any_json_header(
    node: Any, arrays: Any, payload: bytes
) -> None:
    with contextlib.suppress(WireError):
        unpack(frame_of({"value": node, "arrays": arrays}, payload), LIMIT, {"Point": Point})
