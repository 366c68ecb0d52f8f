"""Pack and read the two messages between host and worker: a request and its reply.

The worker trusts a request. The host treats a reply as a claim only: whatever is not exactly the
expected answer becomes a `Failure` of kind "bad_reply".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantlab.protocol.calls import (
    AdditiveLoss,
    Answer,
    Call,
    Code,
    Constant,
    Failure,
    HostCallback,
    Input,
    Program,
    Result,
)
from quantlab.protocol.failure_reasons import OF_MODELS, Claim, InvalidClaim, failure_from
from quantlab.protocol.repair import SETTINGS, SkippedStatement
from quantlab.protocol.wire import WireError, pack, unpack

CONFINED = b"\x01"  # what the worker sends before it reads a request; the reply comes behind it


@dataclass(frozen=True)
class RunRequest:
    """Ask to import `source` (the text as UTF-8 bytes) and make the calls of `program`."""

    source: np.ndarray
    program: Program


@dataclass(frozen=True)
class ImportRequest:
    """Ask to import `source`; `by_statement` asks which statements keep it from being imported."""

    source: np.ndarray
    by_statement: bool


@dataclass(frozen=True)
class CheckpointRequest:
    """Ask to read the bytes of a saved model."""

    content: np.ndarray


@dataclass(frozen=True)
class DocumentRequest:
    """Ask for the text of a document; `kind` is "pdf", "docx" or "html"."""

    content: np.ndarray
    kind: str


Request = RunRequest | ImportRequest | CheckpointRequest | DocumentRequest
_RECORDS: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        *(AdditiveLoss, Call, Code, Constant, Input, Program, HostCallback, Result),
        *(RunRequest, ImportRequest, CheckpointRequest, DocumentRequest),
    )
}


def pack_run(source: str, program: Program) -> bytes:
    """Return the request to run. Raise `WireError` if the program cannot be sent."""
    return pack(RunRequest(_bytes(source.encode("utf-8", "replace")), program))


def pack_import(source: str, by_statement: bool) -> bytes:
    """Return the request to import."""
    return pack(ImportRequest(_bytes(source.encode("utf-8", "replace")), by_statement))


def pack_checkpoint(content: bytes) -> bytes:
    """Return the request to read a saved model."""
    return pack(CheckpointRequest(_bytes(content)))


def pack_document(kind: str, content: bytes) -> bytes:
    """Return the request to read a document."""
    return pack(DocumentRequest(_bytes(content), kind))


def unpack_request(frame: bytes) -> Request:
    """Return the request in a frame that the host has written."""
    request = unpack(frame, len(frame), _RECORDS)
    if not isinstance(request, Request):
        raise WireError("the frame holds no request")
    return request


def pack_answer(answer: Answer) -> bytes:
    """Return the reply to a run. Raise `WireError` if it has too many parts for a frame."""
    parts = {
        "results": answer.results,
        "gradients": answer.gradients,
        "inputs": dict(answer.inputs),
    }
    return pack({"answer": parts})


def pack_settings(settings: tuple[str, ...]) -> bytes:
    """Return the reply to an import that changed these settings of torch."""
    return pack({"imported": settings})


def pack_skipped(statements: Iterable[SkippedStatement]) -> bytes:
    """Return the reply that says which statements keep a source from being imported."""
    claims = ((s.place, _claim_parts(s.claim)) for s in statements)
    return pack({"skipped": tuple(claims)})


def pack_checkpoint_values(values: Mapping[str, Any]) -> bytes:
    """Return the reply to a saved model that could be read."""
    return pack({"values": dict(values)})


def pack_text(text: str) -> bytes:
    """Return the reply to a document that could be read."""
    return pack({"text": np.frombuffer(text.encode("utf-8"), np.uint8)})


def pack_claim(claim: Claim) -> bytes:
    """Return the reply that says what the student's code did instead."""
    return pack({"failure": _claim_parts(claim)})


def read_settings(frame: bytes | bytearray, limit: int) -> tuple[str, ...] | Failure:
    """Return the settings that an import changed. Raise `WireError` if the reply is malformed."""
    match unpack(frame, limit):
        case {"imported": tuple(settings), **beside} if not beside:
            if not all(type(name) is str and name in SETTINGS for name in settings):
                raise WireError("the reply names a setting that does not exist")
            return tuple(dict.fromkeys(settings))
        case {"failure": tuple(parts), **beside} if not beside:
            return _failure(parts, "", of_models=False)
    raise WireError("the reply is neither an import nor a failure")


def read_skipped(frame: bytes | bytearray, limit: int) -> tuple[SkippedStatement, ...] | Failure:
    """Return the statements that a reply lists. Raise `WireError` if the reply is malformed.

    Whether the statements are in the source is not decided here.
    """
    match unpack(frame, limit):
        case {"skipped": tuple(statements), **beside} if not beside:
            return tuple(_statement(parts) for parts in statements)
        case {"failure": tuple(parts), **beside} if not beside:
            return _failure(parts, "", of_models=False)
    raise WireError("the reply is neither a list of statements nor a failure")


def read_answer(frame: bytes | bytearray, program: Program, limit: int) -> Answer | Failure:
    """Return what a reply to `program` says. Raise `WireError` if it is malformed."""
    match unpack(frame, limit):
        case {
            "answer": {"results": tuple(r), "gradients": tuple(g), "inputs": dict(i), **more},
            **beside,
        } if not more and not beside:
            results, gradients, inputs = r, g, i
        case {"failure": tuple(parts), **beside} if not beside:
            return _failure(parts, program.target, of_models=False)
        case _:
            raise WireError("the reply is neither an answer nor a failure")
    if len(results) != len(program.calls) or len(gradients) != len(program.calls):
        raise WireError("the reply answers another number of calls")
    for call, arrays in zip(program.calls, gradients, strict=True):
        asked = set(call.wrt) if call.cotangent is not None else set()
        if not _is_named_arrays(arrays, asked, optional=True):
            raise WireError("the gradients are not those of the inputs asked for")
    if not _is_named_arrays(inputs, set(program.inputs) if program.return_inputs else set()):
        raise WireError("the inputs that came back are not those that were sent")
    return Answer(results, gradients, inputs)


def read_checkpoint_values(
    frame: bytes | bytearray, limit: int
) -> dict[str, np.ndarray | float | int | str] | Failure:
    """Return what a reply to a saved model says. Raise `WireError` if malformed."""
    match unpack(frame, limit):
        case {"values": dict(values), **beside} if not beside and all(
            type(name) is str and type(value) in (np.ndarray, bool, int, float, str)
            for name, value in values.items()
        ):
            return values
        case {"failure": tuple(parts), **beside} if not beside:
            return _failure(parts, "", of_models=True)
    raise WireError("the reply is neither values nor a failure")


def read_text(frame: bytes | bytearray, limit: int) -> str | Failure:
    """Return what a reply to a document says. Raise `WireError` if malformed."""
    match unpack(frame, limit):
        case {"text": np.ndarray() as encoded, **beside} if not beside:
            if encoded.dtype != np.uint8 or encoded.ndim != 1:
                raise WireError("the text is not a row of bytes")
            return encoded.tobytes().decode("utf-8", "replace")
        case {"failure": tuple(parts), **beside} if not beside:
            return _failure(parts, "", of_models=True)
    raise WireError("the reply is neither a text nor a failure")


def _failure(parts: tuple[Any, ...], target: str, of_models: bool) -> Failure:
    """Return the failure that a reply claims, in a sentence made here."""
    claim = _claim(parts)
    if (claim.reason in OF_MODELS) != of_models:
        raise WireError("the reply claims the failure of something else")
    return failure_from(claim, target)


def _claim(parts: tuple[Any, ...]) -> Claim:
    if len(parts) != 4:
        raise WireError("the reply claims a failure in another form")
    try:
        return Claim(*parts)
    except InvalidClaim as problem:
        raise WireError(f"the reply claims what it may not: {problem}") from problem


def _claim_parts(claim: Claim) -> tuple[Any, ...]:
    return claim.reason, claim.text, claim.exception, claim.line


def _statement(parts: Any) -> SkippedStatement:
    match parts:
        case (tuple(place), tuple(claim)) if len(place) == 4 and all(
            type(number) is int for number in place
        ):
            return SkippedStatement(*place, _claim(claim))
    raise WireError("the reply lists a statement in another form")


def _is_named_arrays(arrays: Any, names: set[str], optional: bool = False) -> bool:
    return (
        type(arrays) is dict
        and arrays.keys() == names
        and all(type(v) is np.ndarray or (optional and v is None) for v in arrays.values())
    )


def _bytes(content: bytes) -> np.ndarray:
    return np.frombuffer(content, np.uint8)
