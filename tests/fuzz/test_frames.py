"""Whatever hostile code writes in place of a frame is a WireError or a value of the kind promised.

Frames are random bytes, and honest ones with bits flipped, ends cut, parts spliced, lengths that
lie, and any part of the JSON put in place of any other or made absurd. `read_answer` and
`read_checkpoint_values` read what a student's process may have written, `unpack_request` what the
host wrote. The one other thing that the host reads is what the worker says on its control socket;
that comes from code of ours, since a fork closes the socket before it reads its request.

A long search: `CASES=5_000_000 python -m pytest tests/fuzz`.
"""

import contextlib
import random
import sys
import tracemalloc
from functools import partial
from types import FrameType
from typing import Any

import numpy as np
import pytest

from autograder.sandbox.messages import (
    CheckpointRequest,
    Request,
    RunRequest,
    pack_answer,
    pack_checkpoint_values,
    read_answer,
    read_checkpoint_values,
    unpack_request,
)
from quantlab.errors import WireError
from quantlab.protocol.calls import EXCEPTION_NAMES, MESSAGE_LENGTH, Answer, Failure, Program
from quantlab.protocol.sanitize_text import clean
from quantlab.protocol.wire import DTYPES, MAX_DEPTH, MAX_HEADER, pack, unpack
from tests.fuzz.campaign import Allowance, campaign
from tests.fuzz.frames import CHECKPOINTS, HONEST, PROGRAM, REPLIES, REQUESTS, framed, hostile

LIMIT = 1 << 20  # bytes of payload
FRAMES = 34_000  # of each kind
MEMORY = Allowance(fixed=80 << 10, per_byte=40)  # bytes; what small objects cost in Python


def is_plain(value: Any, depth: int = 0) -> bool:
    """Whether `value` is made of nothing but the types that the format promises, not too deep."""
    if depth > MAX_DEPTH:
        return False
    if type(value) is np.ndarray:
        own = value.flags["OWNDATA"] or value.base.flags["OWNDATA"]
        return value.dtype.name in DTYPES and value.flags["C_CONTIGUOUS"] and own
    if type(value) in (list, tuple):
        return all(is_plain(part, depth + 1) for part in value)
    if type(value) is dict:
        return all(is_key(key) and is_plain(part, depth + 1) for key, part in value.items())
    return is_key(value)


def is_key(value: Any) -> bool:
    match value:
        case str():
            return not any("\ud800" <= character <= "\udfff" for character in value)
        case bool() | None | float():
            return True
        case int():
            return abs(value) <= 1 << 63
    return False


def bytes_of_arrays(value: Any) -> int:
    """As if every mention of an array were one of its own."""
    if isinstance(value, dict):
        return sum(map(bytes_of_arrays, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(bytes_of_arrays, value))
    return getattr(value, "nbytes", 0)


def check_failure(failure: Failure) -> None:
    assert failure.kind in ("error", "memory", "missing")
    assert failure.exception is None or failure.exception in EXCEPTION_NAMES
    assert failure.line is None or failure.line > 0
    assert failure.message == clean(failure.message, MESSAGE_LENGTH)


def read_reply(frame: bytes) -> Answer | Failure:
    return read_answer(frame, PROGRAM, LIMIT)


def check_reply(frame: bytes, outcome: Answer | Failure) -> None:
    assert len(unpack(frame, LIMIT)) == 1
    if isinstance(outcome, Failure):
        return check_failure(outcome)
    parts = {"results": outcome.results, "gradients": outcome.gradients, "inputs": outcome.inputs}
    assert is_plain({"answer": parts})
    assert bytes_of_arrays(parts) <= len(frame)
    assert [set(part) for part in outcome.gradients] == [{"x"}, set()]
    assert outcome.inputs.keys() == PROGRAM.inputs.keys()
    again = pack_answer(outcome)
    assert pack_answer(read_answer(again, PROGRAM, LIMIT)) == again
    return None


def read_values(frame: bytes) -> dict[str, Any] | Failure:
    return read_checkpoint_values(frame, LIMIT)


def check_values(frame: bytes, values: dict[str, Any] | Failure) -> None:
    assert len(unpack(frame, LIMIT)) == 1
    if isinstance(values, Failure):
        return check_failure(values)
    assert is_plain({"values": values})
    assert bytes_of_arrays(values) <= len(frame)
    assert all(type(name) is str for name in values)
    again = pack_checkpoint_values(values)
    assert pack_checkpoint_values(read_checkpoint_values(again, LIMIT)) == again
    return None


def check_request(frame: bytes, request: Request) -> None:
    assert type(request) in (RunRequest, CheckpointRequest)
    assert pack(unpack_request(pack(request))) == pack(request)


READERS = {
    "answer": (read_reply, check_reply, REPLIES),
    "checkpoint": (read_values, check_values, CHECKPOINTS),
    "request": (unpack_request, check_request, REQUESTS),
}


@pytest.mark.parametrize("name", READERS)
def test_readers_refuse_hostile_frames_or_return_valid_values(name: str) -> None:
    read, check, kind = READERS[name]

    def make(draw: random.Random) -> bytes:
        return hostile(draw, kind if draw.randrange(8) else HONEST)

    tally = campaign(make, read, check, WireError, FRAMES, MEMORY)
    print(f"\n{name}: {tally}")  # pytest -s shows it
    if tally.tried >= FRAMES:
        assert tally.tried // 100 < tally.read < tally.tried // 2
        assert len(tally.reasons) >= 25, "the search no longer gets behind the first checks"


@pytest.mark.parametrize(
    "shape",
    [[1 << 27], [1 << 40], [1 << 20, 1 << 20, 1 << 20], [1 << 14] * 16, [1 << 27, 0], [0] * 16],
    ids=str,
)
@pytest.mark.parametrize("dtype", ["bool", "float16", "complex128"])
def test_unpack_makes_no_large_array_from_a_small_frame(dtype: str, shape: list[int]) -> None:
    header = f'{{"value":{{"array":0}},"arrays":[["{dtype}",{shape}]]}}'
    check_memory(framed(header.encode(), bytes(16)), Allowance(fixed=10_000, per_byte=0))


FULL = MAX_HEADER - 100


def header_of(node: str, arrays: str = "[]") -> bytes:
    return f'{{"value":{node},"arrays":{arrays}}}'.encode()


def many(part: str) -> str:
    return '{"list":[' + ",".join([part] * (FULL // (len(part) + 1))) + "]}"


FULL_HEADERS = {
    "objects": header_of(many("{}")),
    "lists": header_of(many('{"list":[]}')),
    "dicts": header_of(many('{"dict":[]}')),
    "pairs": header_of('{"dict":[' + ",".join(f"[{i},0]" for i in range(FULL // 11)) + "]}"),
    "keys": header_of("{" + ",".join(f'"{i}":0' for i in range(FULL // 11)) + "}"),
    "numbers": header_of(many("1000")),
    "nan": header_of(many('{"float":"nan"}')),
    "aliases": header_of(many('{"array":0}'), '[["int8",[0]]]'),
    "arrays": header_of("0", "[" + ",".join(['["int8",[0]]'] * 4096) + "]"),
    "digits": header_of("1." + "1" * FULL),
    "exponent": header_of("1e" + "1" * FULL),
    "integers": header_of(many("9" * 4300)),
    "escapes": header_of('"' + "\\u00fc" * (FULL // 6) + '"'),
    "surrogates": header_of('"' + "\\ud83d\\ude00" * (FULL // 12) + '"'),
    "brackets": b"[" * FULL,
    "nested": header_of("[" * (FULL // 2) + "]" * (FULL // 2)),
    "nested_5000": header_of(many("[" * 5_000 + "]" * 5_000)),
    "not_utf8": b"\xff" * FULL,
}


@pytest.mark.parametrize("name", FULL_HEADERS)
def test_unpack_costs_memory_and_steps_in_proportion(name: str) -> None:
    frame = framed(FULL_HEADERS[name], b"")
    check_memory(frame, MEMORY)
    assert steps_of(frame) <= 2 * len(frame)


def check_memory(frame: bytes, memory: Allowance) -> None:
    tracemalloc.start()
    try:
        attempt(frame)
        memory.check(frame)
    finally:
        tracemalloc.stop()


def steps_of(frame: bytes) -> int:
    """How many functions are entered while `frame` is read: a time that no machine changes."""
    entered = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal entered
        entered += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        attempt(frame)
    finally:
        sys.setprofile(before)
    return entered


def attempt(frame: bytes) -> None:
    with contextlib.suppress(WireError):
        unpack(frame, LIMIT)


@pytest.mark.parametrize(
    "reply",
    [
        {"answer": {"results": (), "gradients": (), "inputs": {}}, "failure": None},
        {"answer": {"results": (), "gradients": (), "inputs": {}, "passed": True}},
        {"failure": ("error", "x", None, None), "answer": None},
        {"values": {}, "passed": True},
    ],
    ids=range(4),
)
def test_readers_refuse_a_reply_with_extra_fields(reply: object) -> None:
    for read in (partial(read_answer, program=Program(())), read_checkpoint_values):
        with pytest.raises(WireError):
            read(pack(reply), limit=LIMIT)
