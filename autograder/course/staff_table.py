"""Read tables that staff saved with a spreadsheet program: CSV with commas, semicolons or tabs."""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path

_DELIMITERS = (",", ";", "\t")  # Excel writes semicolons where a comma is the decimal sign

StaffRow = Mapping[str | None, str | None]


def read_staff_table(path: Path) -> tuple[tuple[str, ...], Iterator[tuple[int, StaffRow]]]:
    """Return the headings of a table, and its rows with their line numbers.

    A byte order mark and rows without any value are left out. Raise `OSError` or
    `UnicodeDecodeError`.
    """
    text = path.read_text(encoding="utf-8-sig")
    headings = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=headings.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    return tuple(reader.fieldnames or ()), _rows(reader)


def _rows(reader: "csv.DictReader[str]") -> Iterator[tuple[int, StaffRow]]:
    for row in reader:
        values = [row.get(name) or "" for name in reader.fieldnames or ()]
        # More values than headings are under None, as a list.
        if any(value.strip() for value in (*values, *(row.get(None) or ()))):
            yield reader.line_num, row
