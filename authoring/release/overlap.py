"""Find parts of the reference in a file, as runs of equal tokens.

The reference beyond the stub is cut into overlapping runs of `RUN` tokens. No file of a student may
contain one of them. Names count, so a rewritten answer is not a leak. Layout, comments and
triple-quoted text do not, so a re-indented answer is one. Python's tokenizer reads Python; a
coarser rule reads all other text, such as code in a page or a notebook.

`allowed_overlap.toml` lists the runs that may be in both, each with the file and the reason.
"""

import io
import json
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from autograder.errors import AutograderError
from autograder.toml_reader import FilledText, read_toml

RUN = 15  # tokens: longer than any call or signature that two people write by chance
ALLOWED = Path(__file__).with_name("allowed_overlap.toml")

_LAYOUT = frozenset(
    {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
        tokenize.ENCODING,
    }
)
_TEXT = '""" """'  # what every triple-quoted string counts as
_COARSE = re.compile(
    r'"""(?:.|\n)*?"""|\'\'\'(?:.|\n)*?\'\'\''
    r'|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    r"|[^\W\d]\w*|\d[\w.]*|\*\*=?|//=?|<<=?|>>=?|->|:=|[-+*/%&|^@=!<>]=|\.\.\.|[^\w\s]"
)


class BadAllowList(AutograderError):
    """Report which entry of `allowed_overlap.toml` cannot be used, and why."""


class Allowed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run of tokens, joined by spaces, that `file` may share with the reference."""

    file: FilledText
    run: FilledText
    reason: FilledText


class _AllowList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    allowed: tuple[Allowed, ...]


def load_allowed(path: Path = ALLOWED) -> tuple[Allowed, ...]:
    """Return the entries of the list. Raise `BadAllowList` if one cannot be used."""
    return read_toml(path, _AllowList, BadAllowList).allowed


@dataclass(frozen=True)
class Overlap:
    """A run of tokens, joined by spaces, in the file `name` and in the reference."""

    name: str
    text: str


class Reference:
    """Hold the runs of the reference that are not in the stub."""

    def __init__(self, reference: str, stub: str) -> None:
        """Cut both sources into runs."""
        self._runs = _runs(python_tokens(reference)) - _runs(python_tokens(stub))

    def overlaps(self, name: str, content: bytes) -> Iterator[Overlap]:
        """Yield the longest shared runs of a file; none if it is not text."""
        for tokens in _readings(name, content):
            start = 0
            while start + RUN <= len(tokens):
                end = start
                while tuple(tokens[end : end + RUN]) in self._runs:
                    end += 1
                if end > start:
                    yield Overlap(name, " ".join(tokens[start : end + RUN - 1]))
                start = max(end, start + 1)


def not_allowed(overlaps: Sequence[Overlap], allowed: Sequence[Allowed]) -> tuple[Overlap, ...]:
    """Return the overlaps that the list does not allow."""
    listed = {(entry.file, entry.run) for entry in allowed}
    return tuple(overlap for overlap in overlaps if (overlap.name, overlap.text) not in listed)


def python_tokens(source: str) -> list[str]:
    """Return the tokens that count; by the coarser rule if the source does not parse."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return coarse_tokens(source)
    return [
        _TEXT if _is_text(token.string) else token.string
        for token in tokens
        if token.type not in _LAYOUT
    ]


def coarse_tokens(text: str) -> list[str]:
    """Return the tokens of any text, comments included."""
    return [_TEXT if _is_text(match.group()) else match.group() for match in _COARSE.finditer(text)]


def _is_text(token: str) -> bool:
    return token.lstrip("rRbBfFuU").startswith(('"""', "'''"))


def _runs(tokens: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(tokens[start : start + RUN]) for start in range(len(tokens) - RUN + 1)}


def _readings(name: str, content: bytes) -> Iterator[list[str]]:
    """Yield the tokens of a file: a notebook by cells, Python as source and as text."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return
    if name.endswith(".ipynb"):
        for cell in json.loads(text).get("cells", ()):
            source = "".join(cell["source"])
            yield python_tokens(source) if cell["cell_type"] == "code" else coarse_tokens(source)
        return
    if name.endswith(".py"):
        yield python_tokens(text)
    yield coarse_tokens(text)
