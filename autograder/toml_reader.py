"""Read TOML files into typed structs, and refuse a file with one sentence.

The types are `msgspec.Struct`s, which check types, limits and names. A field says in
`Meta(description=...)` what it expects: the sentence about a wrong value shows these words.
"""

import datetime
import difflib
import re
import tomllib
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from autograder.errors import AutograderError

T = TypeVar("T")
FilledText = Annotated[str, msgspec.Meta(pattern=r"\S", description="text in quotes")]
_TIMES = (datetime.datetime, datetime.date, datetime.time)  # of TOML itself, without quotes
_PLAIN = {str: "text in quotes", bool: "true or false", float: "a number", int: "a whole number"}


def read_toml(
    path: Path,
    kind: type[T],
    error: type[AutograderError],
    renamed: Mapping[str, str] = MappingProxyType({}),
) -> T:
    """Return the values of a file as a `kind`, which is a struct or made of structs.

    `renamed` maps former names of settings to their new names.

    Raises:
        AutograderError: the file cannot be read, or a value in it is wrong. Its class is `error`.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as problem:
        raise error(f"{path} can't be read: {problem.strerror}.") from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise error(f"{path} is not valid TOML: {problem}.") from problem
    try:
        return _convert(values, kind)
    except msgspec.ValidationError as problem:
        sentence = next(_problems(values, kind, ""), str(problem))
        sentence = _with_new_name(sentence, renamed)
        raise error(in_file(path, sentence)) from problem


def one_of(*names: str) -> msgspec.Meta:
    """Return the constraint of a text that must be one of `names`."""
    pattern = rf"\A(?:{'|'.join(map(re.escape, names))})\Z"
    return msgspec.Meta(pattern=pattern, description=" or ".join(f'"{name}"' for name in names))


def in_file(path: Path, sentence: str) -> str:
    """Return a sentence that names the file first."""
    end = "" if sentence.endswith("?") else "."
    return f"In {path}: {sentence}{end}"


def _problems(value: Any, kind: Any, place: str) -> Iterator[str]:
    """Yield what is wrong in a value that cannot be converted to `kind`, in its order."""
    if _fits(value, kind):
        return
    bare, description = _bare_type(kind)
    if isinstance(bare, type) and issubclass(bare, msgspec.Struct):
        if not isinstance(value, Mapping):
            yield f"expected a table for {place}: write [{place}] on a line of its own"
            return
        yield from _problems_of_struct(value, bare, place)
    elif get_origin(bare) is dict:
        if not isinstance(value, Mapping):
            yield f"expected a table for {place}: write [{place}] on a line of its own"
            return
        for key, item in value.items():
            yield from _problems(item, get_args(bare)[1], _below(place, key))
    elif get_origin(bare) in (list, tuple) and isinstance(value, list) and not description:
        for number, item in enumerate(value, 1):
            yield from _problems(item, get_args(bare)[0], f"{place}, entry {number}")
    else:
        yield f"{place} must be {description or _PLAIN.get(bare, bare)}, got {_shown(value)}"


def _problems_of_struct(
    table: Mapping[str, Any], kind: type[msgspec.Struct], place: str
) -> Iterator[str]:
    hints = get_type_hints(kind, include_extras=True)
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for key in table:
        if key not in fields:
            near = difflib.get_close_matches(key, fields, 1)
            hint = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(fields)}"
            yield f"{_below(place, key)} is not a setting; {hint}"
    for key, field in fields.items():
        if key in table:
            yield from _problems(table[key], hints[field.name], _below(place, key))
        elif field.required:
            yield f"{_below(place, key)} is missing"


def _with_new_name(sentence: str, renamed: Mapping[str, str]) -> str:
    place = sentence.partition(" is not a setting")[0]
    new = renamed.get(place.rpartition(".")[2])
    return f"{place} is now called {new}" if new else sentence


def _below(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _convert(value: Any, kind: type[T]) -> T:
    return msgspec.convert(value, kind, builtin_types=_TIMES)


def _fits(value: Any, kind: Any) -> bool:
    try:
        _convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _bare_type(kind: Any) -> tuple[Any, str]:
    """Return a type without its description and without None, and the description."""
    description = ""
    while True:
        if get_origin(kind) is Annotated:
            kind, *extras = get_args(kind)
            texts = (extra.description for extra in extras if isinstance(extra, msgspec.Meta))
            description = description or next((text for text in texts if text), "")
        elif get_origin(kind) in (Union, types.UnionType):
            kind = next(part for part in get_args(kind) if part is not type(None))
        else:
            return kind, description


def _shown(value: Any) -> str:
    is_time = not isinstance(value, str | int | float | list | dict)
    return str(value) if is_time else repr(value)
