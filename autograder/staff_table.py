"""Read tables as spreadsheet programs and course sites save them.

Commas, semicolons or tabs separate cells; Excel writes semicolons where a comma is the decimal
sign, and may begin with the line `sep=;`. The text is UTF-8, UTF-16 (Excel's "Unicode text") or
Windows-1252. Rows and columns without any value are left out, and so are repeated heading rows.
"""

import codecs
import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from autograder.errors import AutograderError

_DELIMITERS = (",", ";", "\t")
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_SCIENTIFIC = re.compile(r"\d+(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)


class BadTable(AutograderError):
    """The table can't be read; the message says where and why."""


@dataclass(frozen=True)
class StaffRow:
    """Hold one row: its line in the file, and its values by heading, stripped."""

    line: int
    values: Mapping[str, str]


@dataclass(frozen=True)
class StaffTable:
    """Hold the headings of a table and its rows; `name` is that of the file."""

    name: str
    headings: tuple[str, ...]
    rows: tuple[StaffRow, ...]


def read_staff_table(path: Path) -> StaffTable:
    """Return the table in a file. Raise `BadTable` if it can't be read."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadTable(f"{path} can't be read: {error.strerror}.") from error
    return parse_staff_table(_decoded(content, path), path.name)


def parse_staff_table(text: str, name: str) -> StaffTable:
    """Return the table in a text; `name` is for messages. Raise `BadTable`."""
    lines = _parsed(text, name)
    headings = [value.strip() for value in lines[0][1]] if lines else []
    _refuse_two_columns(headings, lines, name)
    rows = []
    for line, cells in lines[1:]:
        values = [value.strip() for value in cells]
        if not any(values) or values[: len(headings)] == headings:
            continue
        pairs = list(zip_longest(headings, values, fillvalue=""))
        extra = next((value for heading, value in pairs if value and not heading), "")
        if extra:
            raise BadTable(
                f"{name}, line {line}: {extra!r} is in a column without a heading. Name the "
                "column, or put values that contain the delimiter in quotes."
            )
        rows.append(StaffRow(line, {heading: value for heading, value in pairs if heading}))
    return StaffTable(name, tuple(filter(None, dict.fromkeys(headings))), tuple(rows))


def refuse_scientific(table: str, row: StaffRow, heading: str) -> None:
    """Raise `BadTable` if a spreadsheet program has shortened an id, such as 1.23E+08."""
    value = row.values.get(heading, "")
    if _SCIENTIFIC.fullmatch(value):
        raise BadTable(
            f"{table}, line {row.line}: {heading} is {value}, a number that a spreadsheet program "
            "has shortened. Format the column as text and enter the id again."
        )


def read_number(text: str) -> float | None:
    """Return a number with a decimal point or comma; None for any other text."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return None


def _decoded(content: bytes, path: Path) -> str:
    if content.startswith(_MARKS[0]):
        encodings = ["utf-8-sig"]
    elif content.startswith(_MARKS[1:]):
        encodings = ["utf-16"]
    elif content[1:2] == b"\0":
        encodings = ["utf-16-le"]
    else:
        encodings = ["utf-8", "cp1252"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadTable(f"{path} is neither UTF-8 nor Windows text: save it as CSV (UTF-8).")


def _parsed(text: str, name: str) -> list[tuple[int, list[str]]]:
    """Return the lines that contain a value, with their numbers."""
    skipped = 0
    first = text.partition("\n")[0].strip()
    delimiter = ""
    if re.fullmatch(r"sep=.", first, re.IGNORECASE):
        delimiter, skipped = first[-1], 1
        text = text.partition("\n")[2]
    headings = next((line for line in text.splitlines() if line.strip(",;\t ")), "")
    delimiter = delimiter or max(_DELIMITERS, key=_QUOTED.sub("", headings).count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return [
            (reader.line_num + skipped, cells)
            for cells in reader
            if any(value.strip() for value in cells)
        ]
    except csv.Error as error:
        raise BadTable(f"{name}, line {reader.line_num + skipped}: {error}.") from error


def _refuse_two_columns(headings: list[str], lines: list[tuple[int, list[str]]], name: str) -> None:
    """Raise `BadTable` if two columns share a heading and differ."""
    for heading in {heading for heading in headings if heading and headings.count(heading) > 1}:
        places = [place for place, other in enumerate(headings) if other == heading]
        for line, cells in lines[1:]:
            values = {cells[place].strip() for place in places if place < len(cells)}
            if len(values) > 1:
                raise BadTable(
                    f"{name}, line {line}: the heading {heading} occurs twice, with different "
                    "values. Delete one of the columns."
                )
