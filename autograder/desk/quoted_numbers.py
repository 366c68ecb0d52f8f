"""Compare the numbers in an answer with the student's own tables.

A number agrees with a cell if rounding the cell to the written digits gives the number. Only
numbers that could be from a table are compared: with decimals, an exponent or a percent sign.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from autograder.desk.answers import NumberTable

PERCENT = "%"
_NUMBER = re.compile(
    r"(?<![\w.,/^_\\{-])(?P<digits>\d{1,6}(?:[.,]\d{1,12})?)"
    r"(?:\s?(?:[eE](?P<exponent>[+-]?\d{1,2})"
    r"|(?:\\cdot|\\times|[x×*·])\s?10\s?(?:\^|\*\*)\s?\{?(?P<power>[-−+]?\d{1,2})\}?))?"
    r"(?P<percent>\s?\\?%)?(?![\w^]|[.,]\d)"
)
_NEAR = 0.3  # share of a cell within which a number is probably meant to be it


@dataclass(frozen=True)
class Piece:
    """Hold a piece of a text.

    `agreement` is "" for plain text and numbers that no table is about, "same" for a number of a
    table,
    "other" for one that is near a number of the table, "absent" for one that is near none. `note`
    says which one.
    """

    text: str
    agreement: str = ""
    note: str = ""


@dataclass(frozen=True)
class _Written:
    """Hold a written number: its value, half a unit of its last digit, whether it is a percent."""

    value: float
    half: float
    percent: bool
    is_exact: bool  # without decimals and exponent


def compare_numbers(text: str, tables: Sequence[NumberTable]) -> Iterator[Piece]:
    """Yield the pieces of `text`, in order; together they are the whole text."""
    end = 0
    for match in _NUMBER.finditer(text):
        piece = _compared(match, tables)
        if piece is None:
            continue
        if match.start() > end:
            yield Piece(text[end : match.start()])
        yield piece
        end = match.end()
    if end < len(text):
        yield Piece(text[end:])


def _compared(match: re.Match[str], tables: Sequence[NumberTable]) -> Piece | None:
    number = _written(match)
    if number.is_exact and not number.percent:
        return None
    percents = [table for table in tables if table.unit == PERCENT]
    others = [table for table in tables if table.unit != PERCENT]
    is_percent = number.percent or (percents and number.value > 1)
    candidates = percents if is_percent else others
    cells: dict[str, float] = {}
    for table in candidates:
        cells |= {
            f"{table.title}, {name}": value
            for name, value in table.values().items()
            if math.isfinite(value)
        }
    if not cells:
        return None
    same = [name for name, value in cells.items() if abs(value - number.value) <= number.half]
    if same:
        return Piece(match[0], "same", "; ".join(same[:3]))
    if candidates is percents and (pair := _difference(cells, number)):
        return Piece(match[0], "same", pair)
    name, value = min(cells.items(), key=lambda cell: abs(_distance(cell[1], number.value)))
    if abs(_distance(value, number.value)) > _NEAR:
        return Piece(match[0], "absent", f"the nearest is {name}, {value:.6g}")
    return Piece(match[0], "other", f"{name} is {value:.6g}")


def _written(match: re.Match[str]) -> _Written:
    digits = match["digits"].replace(",", ".")
    _, _, decimals = digits.partition(".")
    exponent = match["exponent"] or (match["power"] or "").replace("−", "-")
    factor = 10.0 ** int(exponent) if exponent else 1.0
    half = 0.5 * 10.0 ** -len(decimals) * factor * (1 + 1e-9)
    return _Written(
        float(digits) * factor, half, bool(match["percent"]), not decimals and not exponent
    )


def _difference(cells: Mapping[str, float], number: _Written) -> str | None:
    """Return the two cells whose difference a number is."""
    names = sorted(cells)
    for place, first in enumerate(names):
        for second in names[place + 1 :]:
            if abs(abs(cells[first] - cells[second]) - number.value) <= number.half:
                return f"{first} minus {second}, or the reverse"
    return None


def _distance(cell: float, number: float) -> float:
    if cell <= 0 or number <= 0:
        return abs(cell - number)
    return math.log(number) - math.log(cell)  # the quotient may underflow to 0
