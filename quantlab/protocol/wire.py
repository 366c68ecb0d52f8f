"""Values as bytes, in a format that cannot carry code: the frames of the sandbox.

    frame = b"QKW1" | u32 length of header | u64 length of payload | header | payload

The header is JSON, `{"value": node, "arrays": [[dtype, shape], ...]}`; the payload is the arrays'
bytes, little-endian, C order, laid end to end in the order of the list. A node is null, a boolean,
an integer, a finite float or a string for itself, or an object with exactly one tag:

    {"float": "nan"}  {"array": index}  {"list": [node...]}  {"tuple": [node...]}
    {"dict": [[key, node]...]}  {"record": [name, {field: node}]}

Arrays are numbered in the order of the value, each once: a value with one array a thousand times
would be a thousand times as large for its reader. A reader accepts only the records of its own
table. The writer may be hostile: every number is checked before it is used, and reading takes at
most 40 times the bytes of the header, and twice those of the arrays. `unpack` raises only
`WireError`.
"""

import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from json import JSONDecoder, JSONEncoder
from typing import Any

import numpy as np

from quantlab.errors import WireError

MAGIC = b"QKW1"
PREFIX = struct.Struct("<4sIQ")
MAX_HEADER = 1 << 20
MAX_ARRAYS = 4096
MAX_BYTES = 64 << 20  # of arrays in a reply; a correct answer is under 4 MiB
MAX_DEPTH = 25
MAX_BRACKETS = 1 + 3 * (MAX_DEPTH + 1)  # open at once: of the header, and three per dict or record
MAX_DIMENSIONS = 16
MAX_DIMENSION = 1 << 40
MAX_INTEGER = 1 << 63

_BYTE_ORDER = {
    "bool": "|b1",
    "int8": "|i1",
    "uint8": "|u1",
    "int16": "<i2",
    "int32": "<i4",
    "int64": "<i8",
    "float16": "<f2",
    "float32": "<f4",
    "float64": "<f8",
    "complex64": "<c8",
    "complex128": "<c16",
}
DTYPES = frozenset(_BYTE_ORDER)
# The change in the number of open brackets by each byte.
_BRACKETS = np.zeros(256, np.int8)
_BRACKETS[list(b"[{")] = 1
_BRACKETS[list(b"]}")] = -1
_NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
# Made before any student's code runs: later changes to the json module do not reach them.
_ENCODER = JSONEncoder(allow_nan=False, separators=(",", ":"))


def pack(value: Any) -> bytes:
    """Return the frame of `value`: numpy arrays, numbers, strings, None, containers, dataclasses.

    Raises:
        WireError: Another type, depth over 25, more than 4096 arrays, or a header over 1 MiB.
    """
    arrays: list[np.ndarray] = []
    node = _node(value, arrays, 0)
    entries = [[array.dtype.name, list(array.shape)] for array in arrays]
    header = _ENCODER.encode({"value": node, "arrays": entries}).encode("ascii")
    if len(header) > MAX_HEADER:
        raise WireError("the value has too many parts; whole tensors are cheap, lists are not")
    buffers = [_raw(array) for array in arrays]
    prefix = PREFIX.pack(MAGIC, len(header), sum(map(len, buffers)))
    return b"".join((prefix, header, *buffers))


def lengths(prefix: bytes, limit: int) -> tuple[int, int]:
    """Return the bytes of header and payload, from a frame's first `PREFIX.size` bytes.

    Raises:
        WireError: They are not the start of a frame, or the payload is over `limit` bytes.
    """
    if len(prefix) != PREFIX.size:
        raise WireError("the frame ends before its lengths")
    magic, header, payload = PREFIX.unpack(prefix)
    if magic != MAGIC:
        raise WireError("the frame does not begin as one")
    if header > MAX_HEADER or payload > limit:
        raise WireError("the frame is longer than allowed")
    return header, payload


def unpack(frame: bytes | bytearray, limit: int, records: Mapping[str, type] | None = None) -> Any:
    """Return the value of `frame`; its arrays are fresh copies.

    Args:
        frame: What `pack` returned, or hostile bytes.
        limit: The largest payload in bytes.
        records: The dataclasses that may appear, by name.

    Raises:
        WireError: The frame is not valid.
    """
    view = memoryview(frame)
    header_length, payload_length = lengths(bytes(view[: PREFIX.size]), limit)
    if len(view) != PREFIX.size + header_length + payload_length:
        raise WireError("the frame is not as long as it says")
    header = _parse(bytes(view[PREFIX.size : PREFIX.size + header_length]))
    if type(header) is not dict or header.keys() != {"value", "arrays"}:
        raise WireError("the header has other parts than value and arrays")
    arrays = _arrays(header["arrays"], view[PREFIX.size + header_length :])
    numbered = enumerate(arrays)
    value = _value(header["value"], numbered, records or {}, 0)
    if next(numbered, None) is not None:
        raise WireError("an array is nowhere in the value")
    return value


# Writing ------------------------------------------------------------------------------------------


def _node(value: Any, arrays: list[np.ndarray], depth: int) -> Any:  # noqa: PLR0911 - a table
    if depth > MAX_DEPTH:
        raise WireError(f"the value is nested more than {MAX_DEPTH} deep")
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return value
    if kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise WireError("an integer needs more than 64 bits")
        return value
    if kind is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if kind is np.ndarray:
        return {"array": _numbered(value, arrays)}
    if kind in (list, tuple):
        return {kind.__name__: [_node(part, arrays, depth + 1) for part in value]}
    if isinstance(value, Mapping):
        return {
            "dict": [
                [_node(_key(key), arrays, depth), _node(part, arrays, depth + 1)]
                for key, part in value.items()
            ]
        }
    if is_dataclass(kind):
        parts = {f.name: _node(getattr(value, f.name), arrays, depth + 1) for f in fields(value)}
        return {"record": [kind.__name__, parts]}
    raise WireError(f"a {kind.__name__} cannot be sent")


def _key(key: Any) -> Any:
    if key is None or type(key) in (bool, int, float, str):
        return key
    raise WireError(f"a dict key is a {type(key).__name__}; keys are strings and numbers")


def _numbered(array: np.ndarray, arrays: list[np.ndarray]) -> int:
    if array.dtype.name not in DTYPES:
        raise WireError(f"an array of dtype {array.dtype.name} cannot be sent")
    if len(arrays) == MAX_ARRAYS:
        raise WireError(f"the value holds more than {MAX_ARRAYS} arrays")
    arrays.append(array)
    return len(arrays) - 1


def _raw(array: np.ndarray) -> bytes:
    return array.astype(_BYTE_ORDER[array.dtype.name], copy=False).tobytes()


# Reading ------------------------------------------------------------------------------------------

_Numbered = Iterator[tuple[int, np.ndarray]]


def _refuse_constant(name: str) -> None:
    raise WireError(f"the header holds {name}, which is not JSON")


_DECODER = JSONDecoder(parse_constant=_refuse_constant)


def _parse(text: bytes) -> Any:
    # Since Python 3.12, the JSON decoder itself stops only after thousands of open brackets, each
    # of which costs it 50 bytes and more.
    if _open_brackets(text) > MAX_BRACKETS:
        raise WireError(f"the value is nested more than {MAX_DEPTH} deep")
    try:
        return _DECODER.decode(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise WireError("the header is not JSON") from error


def _open_brackets(text: bytes) -> int:
    """Return how many brackets of the JSON `text`, outside its strings, are open at once."""
    unescaped = text.replace(rb"\\", b"").replace(rb"\"", b"")
    characters = np.frombuffer(unescaped, np.uint8)
    in_string = np.logical_xor.accumulate(characters == ord('"'))
    changes = _BRACKETS[characters] * ~in_string
    return int(np.max(changes.cumsum(dtype=np.int32), initial=0))


def _arrays(entries: Any, payload: memoryview) -> list[np.ndarray]:
    if type(entries) is not list or len(entries) > MAX_ARRAYS:
        raise WireError("the list of arrays is not a list, or too long")
    arrays = []
    for entry in entries:
        if type(entry) is not list or len(entry) != 2:
            raise WireError("an array is described by other things than dtype and shape")
        array, payload = _array(entry[0], entry[1], payload)
        arrays.append(array)
    if len(payload):
        raise WireError("bytes are left over behind the last array")
    return arrays


def _array(dtype: Any, shape: Any, payload: memoryview) -> tuple[np.ndarray, memoryview]:
    if type(dtype) is not str or dtype not in _BYTE_ORDER:
        raise WireError("an array has a dtype that is not in the table")
    if type(shape) is not list or len(shape) > MAX_DIMENSIONS:
        raise WireError("an array's shape is not a list, or has too many dimensions")
    if not all(type(length) is int and 0 <= length <= MAX_DIMENSION for length in shape):
        raise WireError("an array has a dimension that is not a length")
    layout = np.dtype(_BYTE_ORDER[dtype])
    count = math.prod(shape)  # in Python's integers, which do not overflow
    size = count * layout.itemsize
    if size > len(payload):
        raise WireError("an array reaches beyond the payload")
    taken = payload[:size]
    # A bool that is neither 0 nor 1 has no defined meaning in C; these are made one or the other.
    flat = np.frombuffer(taken, np.uint8) != 0 if dtype == "bool" else np.frombuffer(taken, layout)
    try:
        array = flat.astype(dtype).reshape(shape)  # astype copies, into the machine's byte order
    except ValueError as error:  # no elements, but dimensions whose product numpy cannot hold
        raise WireError("an array has a shape that does not fit into memory") from error
    return array, payload[size:]


def _value(node: Any, arrays: _Numbered, records: Mapping[str, type], depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise WireError(f"the value is nested more than {MAX_DEPTH} deep")
    if node is None or type(node) in (bool, int, float, str):
        return _scalar(node)
    if type(node) is not dict or len(node) != 1:
        raise WireError("a node is neither a plain value nor one tag")
    ((tag, content),) = node.items()
    if tag == "float" and type(content) is str and content in _NOT_FINITE:
        return _NOT_FINITE[content]
    if tag == "array" and type(content) is int:
        number, array = next(arrays, (-1, None))
        if array is None or number != content:
            raise WireError("an array is named twice, out of turn, or is not there")
        return array
    if tag in ("list", "tuple") and type(content) is list:
        parts = [_value(part, arrays, records, depth + 1) for part in content]
        return parts if tag == "list" else tuple(parts)
    if tag == "dict" and type(content) is list:
        return dict(_pair(pair, arrays, records, depth + 1) for pair in content)
    if tag == "record" and type(content) is list and len(content) == 2:
        return _record(content[0], content[1], arrays, records, depth + 1)
    raise WireError("a node has a tag that is unknown, or holds what its tag does not allow")


def _scalar(node: Any) -> Any:
    if type(node) is int and not -MAX_INTEGER <= node <= MAX_INTEGER:
        raise WireError("an integer needs more than 64 bits")
    if type(node) is float and not math.isfinite(node):
        raise WireError("a number is beyond the range of floats")
    if type(node) is str and any("\ud800" <= character <= "\udfff" for character in node):
        raise WireError("a string holds half a character")
    return node


def _pair(pair: Any, arrays: _Numbered, records: Mapping[str, type], depth: int) -> tuple[Any, Any]:
    if type(pair) is not list or len(pair) != 2:
        raise WireError("a dict holds something that is not a key and a value")
    key = _value(pair[0], iter(()), {}, MAX_DEPTH)
    if key is not None and type(key) not in (bool, int, float, str):
        raise WireError("a dict has a key that is neither a string nor a number")
    return key, _value(pair[1], arrays, records, depth)


def _record(
    name: Any, parts: Any, arrays: _Numbered, records: Mapping[str, type], depth: int
) -> Any:
    kind = records.get(name) if type(name) is str else None
    if kind is None or type(parts) is not dict or parts.keys() != {f.name for f in fields(kind)}:
        raise WireError("a record is not one of those that may appear, or lacks a field")
    return kind(**{n: _value(part, arrays, records, depth) for n, part in parts.items()})
