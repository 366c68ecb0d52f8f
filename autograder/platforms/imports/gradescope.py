"""Gradescope: read its scores, and compute what a returned results.json would do to them.

Gradescope has no import of scores: an autograder that returns results.json sets them. A top-level
`score` is the score; without one it is the sum over `tests`. A student is found by `Email`, else by
`SID`. "Download Grades" of an assignment has `Total Score` and `Max Points`; that of the course has
a column of the assignment's name, and `<name> - Max Points`.

Source: gradescope-autograders.readthedocs.io, "Autograder specifications"; public readers of the
two tables (eldridgejm/gradelib, matthigger/gradescope_mean).
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from autograder.platforms.imports.current_gradebook import (
    CurrentGradebook,
    CurrentRow,
    Effect,
    Simulation,
    read_score,
)
from autograder.staff_table import read_number, read_staff_table

KEYS = ("Email", "SID")
_UNGRADED = ("missing", "ungraded")
_TOTAL = ("Total Score", "Max Points")


def read_gradescope(path: Path, assignment: str) -> CurrentGradebook | None:
    """Return "Download Grades"; None if the table is not that. Raise `BadTable`."""
    table = read_staff_table(path)
    if not {"Email", "SID"} & set(table.headings):
        return None
    by_assignment = (assignment, f"{assignment} - Max Points")
    column, possible = next(
        (pair for pair in (_TOTAL, by_assignment) if pair[0] in table.headings), ("", "")
    )
    headings = tuple(
        name.removesuffix(" - Max Points")
        for name in table.headings
        if name.endswith(" - Max Points")
    )
    rows, worth = [], set()
    for row in table.rows:
        values = row.values
        score, problem = read_score(values.get(column, ""), _UNGRADED)
        worth |= {read_number(values.get(possible, ""))} - {None}
        columns = {key: values[key] for key in KEYS if values.get(key)}
        named = f"{values.get('First Name', '')} {values.get('Last Name', '')}".strip()
        name = named or values.get("Name") or next(iter(columns.values()), "")
        rows.append(CurrentRow(name, columns, score, problem))
    maximum = worth.pop() if len(worth) == 1 else None
    return CurrentGradebook("Gradescope", table.name, column, tuple(rows), maximum, headings)


def simulate_gradescope(
    results: Sequence[tuple[Mapping[str, str], str]], current: CurrentGradebook
) -> Simulation:
    """Return what results.json files would do; each has the columns of its student."""
    if not current.column:
        return Simulation(
            problem=f"{current.file} has no scores of the assignment; name it in [gradescope] "
            "assignment"
        )
    effects = []
    for columns, text in results:
        record = json.loads(text)
        tests = record.get("tests", [])
        after = record.get("score", sum(test.get("score", 0.0) for test in tests))
        places = [current.place(key, columns.get(key, "")) for key in KEYS]
        place = next((place for place in places if place is not None), None)
        problem = "Gradescope has no such student" if place is None else current.rows[place].locked
        effects.append(Effect(place, round(float(after), 2), problem))
    return Simulation(tuple(effects), current.problem)
