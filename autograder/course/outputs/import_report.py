"""Show what importing the tables of a class would change: in the terminal, and as a table."""

import csv
import io
import textwrap
from collections.abc import Iterator, Sequence

from autograder.platforms.imports.current_gradebook import show
from autograder.platforms.imports.rehearsal import Rehearsal, RehearsedRow, changed_first
from autograder.report.cells import cell

WIDTH = 80
_SHOWN = 30  # lines per table; the file has the rest
_NAME = 44
COLUMNS = ("table", "student", "name", "before", "after", "import", "reason")


def report_lines(rehearsal: Rehearsal, file: str) -> list[str]:
    """Return lines of at most 80 columns: counts, then refused and changed scores.

    `file` is the name of the table with all rows.
    """
    against = f"{rehearsal.table}, rehearsed against {rehearsal.current}:"
    if rehearsal.problem:
        return _wrapped(f"{against} not written, {rehearsal.problem}.", "")
    rows = rehearsal.rows
    refused = sum(bool(row.refusal) for row in rows)
    first = sum(row.changes and row.before is None for row in rows)
    changed = sum(row.changes for row in rows) - first
    unchanged = len(rows) - refused - first - changed
    lines = _wrapped(
        f"{against} {first:,} new, {changed:,} changed, {unchanged:,} unchanged, "
        f"{refused:,} refused.",
        "",
    )
    listed = list(changed_first(rehearsal))
    for row in listed[:_SHOWN]:
        lines += _row_lines(row)
    if len(listed) > _SHOWN:
        lines.append(f"  {len(listed) - _SHOWN:,} more in {file}.")
    return lines


def imports_csv(rehearsals: Sequence[Rehearsal]) -> str:
    """Return every rehearsed row as a CSV table, to be stored as UTF-8."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for rehearsal in rehearsals:
        for row in rehearsal.rows:
            decision = "refused" if row.refusal else "change" if row.changes else "unchanged"
            values = (rehearsal.table, row.student, row.name, show(row.before), show(row.after))
            writer.writerow([cell(value) for value in (*values, decision, row.refusal)])
        if rehearsal.problem:
            writer.writerow([rehearsal.table, "", "", "", "", "refused", cell(rehearsal.problem)])
    return stream.getvalue()


def _row_lines(row: RehearsedRow) -> Iterator[str]:
    who = row.student if row.name in ("", row.student) else f"{row.name} ({row.student})"
    shown = str(cell(who))
    shown = shown if len(shown) <= _NAME else shown[: _NAME - 1] + "…"
    yield f"  {shown:<{_NAME}} {show(row.before):>8} → {show(row.after):>8}"
    if row.refusal:
        yield from _wrapped(f"refused: {row.refusal}.", "      ")


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent or "  ")
