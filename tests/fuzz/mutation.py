"""Damage of two kinds: to bytes, which know nothing of what they mean, and to JSON, by its parts.

Everything is drawn from the `random.Random` that is passed in, so a number finds a case again.
"""

import json
import random
from collections.abc import Sequence
from typing import Any

_LONGEST_RUN = 64  # bytes that one change removes, repeats or takes from elsewhere

# JSON that no honest writer sends, each in place of any part of a text.
ODD_NUMBERS = (
    *("0", "-1", "1", "2", "3", "-0", "0.5", "-0.0", "1.0", "1e-999", "1e999", "-1e999"),
    *("NaN", "Infinity", "-Infinity", "9" * 30, "9" * 5000, "1" * 400 + ".5", "1000000"),
    *("4294967295", "4294967296", "1099511627776", "1099511627777", "2305843009213693952"),
    *("9223372036854775807", "9223372036854775808", "9223372036854775809", "18446744073709551616"),
)
ODD_STRINGS = (
    *('""', '"nan"', '"-inf"', '"x"', '"\\ud800"', '"\\ud83d\\ude00"', '"\\u0000"', '"\\u202ea"'),
    *('"object"', '"O"', '"<f4"', '"float16"', '"float64"', '"complex128"', '"bool"', '"int64"'),
    *('"str"', '"datetime64[s]"', '"V1000000000"', '"error"', '"timeout"', '"grader_fault"'),
    *('"KeyError"', '"list"', '"dict"', '"record"', '"array"', '"' + "long " * 400 + '"'),
)
ODD_TEXTS = (
    *ODD_NUMBERS,
    *ODD_STRINGS,
    *("null", "true", "false"),
    *("[]", "{}", "[[]]", "[0]", "[1]", "[0, 1099511627776, 1099511627776]", "[-1, -1]"),
    *("[2147483648, 2147483648, 4]", "[4294967296, 4294967296]", "[1099511627776]", "[true]"),
    *('{"float": "nan"}', '{"float": "inf"}', '{"float": 1}', '{"array": 0}', '{"array": 1}'),
    *('{"array": -1}', '{"array": 4096}', '{"array": true}', '{"list": []}', '{"tuple": []}'),
    *('{"list": [], "tuple": []}', '{"dict": []}', '{"dict": [[1, 2], [true, 3], [1.0, 4]]}'),
    *('{"dict": [[{"float": "nan"}, 1], [{"float": "nan"}, 2]]}', '{"dict": [[[], 1]]}'),
    *('{"record": ["Call", {}]}', '{"record": ["Input", {"name": "x"}]}', '{"eval": "1"}'),
    *("[" * 40 + "]" * 40, "[" * 5000 + "]" * 5000, '{"a":' * 3000 + "1" + "}" * 3000),
    *("[[1, 2], [3", '"never closed', "//", "\\", "'x'", "01", "+1", ".5", "1.", "tru", "\x00"),
)


class Object(list):
    """A JSON object as its [key, value] pairs: keys may repeat."""


class Raw(str):
    """Text that stands in JSON as it is, valid or not."""


def damaged(draw: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """`content` after a few flips, cuts, repetitions, insertions, splices with one of `others`."""
    changed = bytearray(content)
    for _ in range(draw.choice((1, 1, 1, 2, 3, 8))):
        at = draw.randrange(len(changed) + 1)
        run = draw.randrange(1, _LONGEST_RUN)
        match draw.randrange(8):
            case 0 | 1 if at < len(changed):
                changed[at] ^= 1 << draw.randrange(8)
            case 2 if at < len(changed):
                changed[at] = draw.choice((0, 1, 0x7F, 0x80, 0xFF, draw.randrange(256)))
            case 3:
                del changed[at : at + run]
            case 4:
                del changed[at:]
            case 5:
                changed[at:at] = draw.randbytes(run)
            case 6:
                changed[at:at] = changed[at : at + run]
            case 7:
                other = draw.choice(others)
                start = draw.randrange(len(other) + 1)
                end = start + draw.choice((run, len(other)))
                changed[at : at + draw.choice((0, run, len(changed)))] = other[start:end]
    return bytes(changed)


def edited(draw: random.Random, text: str, others: Sequence[str]) -> str:
    """The JSON `text` with a few of its parts put in place of others, or odd ones in theirs."""
    root = [json.loads(text, object_pairs_hook=_object)]
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        places = _places(root)
        holder, index = draw.choice(places)
        match draw.randrange(9):
            case 0 | 1:
                holder[index] = Raw(draw.choice(ODD_TEXTS))
            case 2:
                holder[index] = Raw(draw.choice(_odd_like(holder[index])))
            case 3:
                from_holder, from_index = draw.choice(places)
                holder[index] = Raw(_text(from_holder[from_index]))
            case 4:
                holder[index] = Raw(draw.choice(others))
            case 5 if len(holder) > 1 and not _is_pair(holder, places):
                del holder[index]
            case 6:
                holder.insert(index, holder[index])
            case 7 if type(holder[index]) is int:
                holder[index] += draw.choice((-1, 1, 2, 1 << 20, 1 << 31, 1 << 40, -(1 << 63)))
            case 8:
                deep, tag = draw.randrange(1, 50), draw.choice(("list", "tuple"))
                inner = _text(holder[index])
                holder[index] = Raw(f'{{"{tag}":[' * deep + inner + "]}" * deep)
    return _text(root[0])


def _odd_like(part: Any) -> Sequence[str]:
    """Odd texts of the same type, which get further."""
    if type(part) is str:
        return ODD_STRINGS
    return ODD_NUMBERS if type(part) in (int, float) else ODD_TEXTS


def _object(pairs: list[tuple[str, Any]]) -> Object:
    return Object([key, value] for key, value in pairs)


def _places(root: list[Any]) -> list[tuple[list[Any], int]]:
    """Every part of the tree, keys and pairs among them, as a list and an index into it."""
    places = []
    waiting = [root]
    while waiting:
        holder = waiting.pop()
        for index, part in enumerate(holder):
            places.append((holder, index))
            if isinstance(part, list):
                waiting.append(part)
    return places


def _is_pair(holder: list[Any], places: list[tuple[list[Any], int]]) -> bool:
    return any(type(other) is Object and other[i] is holder for other, i in places)


def _text(node: Any) -> str:
    if isinstance(node, Raw):
        return node
    if isinstance(node, Object):
        return "{" + ",".join(map(_pair, node)) + "}"
    if isinstance(node, list):
        return "[" + ",".join(map(_text, node)) + "]"
    return json.dumps(node)


def _pair(pair: Any) -> str:
    if isinstance(pair, list) and len(pair) == 2:
        key = json.dumps(pair[0]) if type(pair[0]) is str else _text(pair[0])
        return f"{key}:{_text(pair[1])}"
    return _text(pair)
