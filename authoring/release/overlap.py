"""Whether a file gives away a part of the reference: runs of equal tokens.

The reference beyond the stub is cut into overlapping runs of `RUN` tokens; no file that students
get may hold one of them. Names count, so that a rewritten answer is no leak; layout, comments and
triple-quoted text do not, so that a re-indented one is. Python sources are cut by Python's own
tokenizer, all other text (and Python that does not parse) by a coarser rule, which sees code in a
page or a notebook too.

`allowed_overlap.toml` lists the runs that may stand in both, each with the file and the reason.
"""

import io
import json
import re
import tokenize
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

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


class BadAllowList(Exception):
    """`allowed_overlap.toml` can't be used; the message says which entry and why."""


@dataclass(frozen=True)
class Allowed:
    """A run of tokens, single spaces between them, that `file` may share with the reference."""

    file: str
    run: str
    reason: str


def load_allowed(path: Path = ALLOWED) -> tuple[Allowed, ...]:
    """Read the list. Raises `BadAllowList`."""
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))["allowed"]
        allowed = tuple(Allowed(**entry) for entry in entries)
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise BadAllowList(f"{path.name} can't be read: {error}.") from error
    for entry in allowed:
        if not all((entry.file.strip(), entry.run.strip(), entry.reason.strip())):
            raise BadAllowList(f"{path.name} has an entry without a file, a run or a reason.")
    return allowed


@dataclass(frozen=True)
class Overlap:
    """`text`, tokens with spaces between them, stands in the file `name` and in the reference."""

    name: str
    text: str


class Reference:
    """The runs of the reference that the stub does not hold."""

    def __init__(self, reference: str, stub: str) -> None:
        self._runs = _runs(python_tokens(reference)) - _runs(python_tokens(stub))

    def overlaps(self, name: str, content: bytes) -> Iterator[Overlap]:
        """Every longest shared run of one file; none in a file that is no text."""
        for tokens in _readings(name, content):
            start = 0
            while start + RUN <= len(tokens):
                end = start
                while tuple(tokens[end : end + RUN]) in self._runs:
                    end += 1
                if end > start:
                    yield Overlap(name, " ".join(tokens[start : end + RUN - 1]))
                start = max(end, start + 1)


def not_allowed(found: Sequence[Overlap], allowed: Sequence[Allowed]) -> tuple[Overlap, ...]:
    """Those overlaps for which no entry of the list stands."""
    listed = {(entry.file, entry.run) for entry in allowed}
    return tuple(overlap for overlap in found if (overlap.name, overlap.text) not in listed)


def python_tokens(source: str) -> list[str]:
    """The tokens that count, of Python source; by the coarser rule where it does not parse."""
    try:
        found = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return coarse_tokens(source)
    return [
        _TEXT if _is_text(token.string) else token.string
        for token in found
        if token.type not in _LAYOUT
    ]


def coarse_tokens(text: str) -> list[str]:
    """The same of any text, comments included: their words stand between no two tokens of code."""
    return [_TEXT if _is_text(found.group()) else found.group() for found in _COARSE.finditer(text)]


def _is_text(token: str) -> bool:
    return token.lstrip("rRbBfFuU").startswith(('"""', "'''"))


def _runs(tokens: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(tokens[start : start + RUN]) for start in range(len(tokens) - RUN + 1)}


def _readings(name: str, content: bytes) -> Iterator[list[str]]:
    """The ways to read a file as tokens: a notebook cell by cell, source as source and as text."""
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
