"""Frames as honest workers and hosts write them, and every way a hostile one may change them."""

import json
import random

import numpy as np

from autograder.sandbox.messages import (
    pack_answer,
    pack_checkpoint,
    pack_checkpoint_values,
    pack_claim,
    pack_run,
)
from quantlab.protocol.calls import (
    AdditiveLoss,
    Answer,
    Call,
    Code,
    Constant,
    Input,
    Program,
    Result,
)
from quantlab.protocol.failure_reasons import Claim
from quantlab.protocol.wire import DTYPES, MAGIC, PREFIX
from tests.fuzz.mutation import ODD_TEXTS, damaged, edited

_X = np.arange(6, dtype=np.float32).reshape(2, 3)

# What the replies below answer: gradients of one call, and the inputs back.
PROGRAM = Program(
    calls=(
        Call("f", (Input("x"), 0.5), cotangent=_X, wrt=("x",)),
        Call("g", (Result(0), [1, (None, True)]), {"method": "sym"}),
    ),
    inputs={"x": _X, "n": np.arange(4, dtype=np.int32)},
    return_inputs=True,
)

_VALUES = (
    _X,
    (_X, np.array(0.5)),
    {"layer1.0.conv1": 4, "fc": 8, 3: None, True: "text"},
    [1, 2.5, -(1 << 63), "müde", float("inf"), float("nan")],
    {name: np.zeros(3, name) for name in sorted(DTYPES)},
    [[[[]]], ((), {}), np.zeros((0, 4))],
    0.5,
)

REPLIES = (
    *(
        pack_answer(Answer((value, other), ({"x": gradient}, {}), dict(PROGRAM.inputs)))
        for value, other in zip(_VALUES, reversed(_VALUES), strict=True)
        for gradient in (_X, None)
    ),
    *(
        pack_claim(claim)
        for claim in (
            Claim("raises", "'a'", "KeyError", 3),
            Claim("memory", "", "MemoryError", 3),
            Claim("stub", "", "NotImplementedError", 3),
        )
        for _ in range(2)  # drawn about as often as answers, which are many
    ),
)
CHECKPOINTS = (
    pack_checkpoint_values({"fc.weight_int": np.ones((2, 3), np.int8), "format": "x", "a": 0.1}),
    pack_checkpoint_values({f"layer{i}": np.full(i, i, np.float32) for i in range(8)}),
    pack_claim(Claim("model_unreadable", "is empty")),
)
REQUESTS = (
    pack_run("def f(x): return x\n", PROGRAM),
    pack_run(
        "def f(x): return x\n",
        Program(
            (
                Call("s", (AdditiveLoss(90.0, {"fc": {2: 1.0, 4: 0.5}}, 100),)),
                Call("f", stand_ins={"g": Constant(_X), "h": Code("def h(): pass", "h")}),
            )
        ),
    ),
    pack_checkpoint(bytes(range(256))),
)
HONEST = (*REPLIES, *CHECKPOINTS, *REQUESTS)


def _split(frame: bytes) -> tuple[str, bytes]:
    _, header, _ = PREFIX.unpack_from(frame)
    return frame[PREFIX.size : PREFIX.size + header].decode(), frame[PREFIX.size + header :]


_PARTS = {frame: _split(frame) for frame in HONEST}
_NODES = tuple(json.dumps(json.loads(header)["value"]) for header, _ in _PARTS.values())


def hostile(draw: random.Random, kind: tuple[bytes, ...]) -> bytes:
    """A frame that was one of `kind`, or never was a frame."""
    frame = draw.choice(kind)
    match draw.randrange(10):
        case 0:
            return draw.randbytes(draw.randrange(200))
        case 1:
            header = draw.choice(ODD_TEXTS).encode() + draw.randbytes(draw.randrange(20))
            return framed(header, b"")
        case 2 | 3:
            return damaged(draw, frame, HONEST)
        case 4:
            return _lying(draw, frame)
    header, payload = _PARTS[frame]
    if draw.randrange(8) == 0:  # the very parts of other frames, and their payload
        payload = draw.choice(HONEST)[-len(payload) :]
    text = edited(draw, header, _NODES).encode("utf-8", "surrogatepass")
    if draw.randrange(4) == 0:
        payload = damaged(draw, payload, HONEST)
    return framed(text, payload)


def framed(header: bytes, payload: bytes) -> bytes:
    """The frame of these parts, with lengths that are true."""
    return PREFIX.pack(MAGIC, len(header), len(payload)) + header + payload


def _lying(draw: random.Random, frame: bytes) -> bytes:
    """`frame` with other lengths than its own."""
    _, header, payload = PREFIX.unpack_from(frame)
    lies = (0, 1, (1 << 20) + 1, (1 << 31) - 1, (1 << 32) - 1)
    moved = draw.randrange(-40, 40)
    header, payload = draw.choice(
        (
            (draw.choice(lies), payload),
            (header, draw.choice((*lies, 1 << 62, (1 << 64) - 1))),
            (max(0, header + moved), max(0, payload - moved)),  # the sum is right
            (max(0, header + moved), payload),
        )
    )
    return PREFIX.pack(MAGIC, header, payload) + frame[PREFIX.size :]
