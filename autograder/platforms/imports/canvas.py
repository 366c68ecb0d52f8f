"""Canvas: read its gradebook export, and compute what importing a CSV file would do to it.

The importer finds the assignment by the number in parentheses, else by its title; otherwise it
offers to make a new one. It finds a student by `ID`, else by `SIS User ID`, `SIS Login ID` or the
exact name; otherwise it asks who it is. An empty cell removes a score, `EX` excuses. A cell of
`Points Possible` changes what the assignment is worth. `N/A` in the export is a student whom the
assignment is not assigned to, and `(read only)` a column that is never imported.

Source: instructure/canvas-lms, lib/gradebook_importer.rb (`parse_assignments`, `process_pp`,
`process_student`, `process_submissions`, `no_change_to_value?`) and lib/gradebook_exporter.rb.
"""

import csv
import io
import re
from pathlib import Path

from autograder.platforms.imports.current_gradebook import (
    CurrentGradebook,
    CurrentRow,
    Effect,
    Score,
    Simulation,
    choose_column,
    read_score,
)
from autograder.staff_table import StaffTable, read_number, read_staff_table

IDENTITY = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
KEYS = ("ID", "SIS User ID", "SIS Login ID")
_NUMBERED = re.compile(r"(?P<title>.*) \((?P<number>\d+)\)", re.DOTALL)
_POSSIBLE = "Points Possible"
_TEST_STUDENT = "Student, Test"


def read_canvas(path: Path, assignment: str) -> CurrentGradebook | None:
    """Return a gradebook export; None if the table is not one. Raise `BadTable`."""
    table = read_staff_table(path)
    if not {"Student", "ID", "Section"} <= set(table.headings):
        return None
    scores = tuple(name for name in table.headings if _NUMBERED.fullmatch(name))
    column = _column(assignment, scores)
    possible = next((row.values for row in table.rows if row.values["Student"] == _POSSIBLE), None)
    if possible is None:
        return None
    worth = possible.get(column, "")
    read_only = "read only" in worth.casefold()
    return CurrentGradebook(
        "Canvas",
        table.name,
        column,
        _students(table, column),
        read_number(worth),
        scores,
        f"Canvas never imports the read-only column {column}; name another in [canvas] assignment"
        if read_only
        else "",
    )


def simulate_canvas(text: str, current: CurrentGradebook) -> Simulation:
    """Return what the gradebook's import would do with a file."""
    header, *lines = csv.reader(io.StringIO(text, newline=""))
    heading = header[-1]
    if not current.column or _column(heading, (current.column,)) != current.column:
        advice = choose_column(current.headings, "[canvas] assignment")
        return Simulation(problem=f"Canvas would make a new assignment {heading}{advice}")
    if current.problem:
        return Simulation(problem=current.problem)
    effects = []
    for cells in lines:
        values = dict(zip(header, cells, strict=True))
        if _POSSIBLE in values["Student"]:
            worth = read_number(values[heading])
            if worth is not None and worth != current.maximum:
                return Simulation(problem=_other_worth(worth, current.maximum))
            continue
        effects.append(_effect(values, heading, current))
    return Simulation(tuple(effects))


def _other_worth(worth: float, current: float | None) -> str:
    before = "an unknown number of" if current is None else f"{current:g}"
    return (
        f"the assignment is worth {before} points in Canvas and {worth:g} in the file; set "
        "[canvas] points_possible in course.toml"
    )


def _effect(values: dict[str, str], heading: str, current: CurrentGradebook) -> Effect:
    place = _student(values, current)
    after: Score
    after, problem = read_score(values[heading].strip())
    if place is None:
        return Effect(
            None,
            after,
            "Canvas finds no such student; export the gradebook again and name it as roster",
        )
    return Effect(place, after, problem or current.rows[place].locked)


def _student(values: dict[str, str], current: CurrentGradebook) -> int | None:
    places = [current.place(key, values.get(key, "")) for key in (*KEYS, "Student")]
    return next((place for place in places if place is not None), None)


def _students(table: StaffTable, column: str) -> tuple[CurrentRow, ...]:
    rows = []
    for row in table.rows:
        values = row.values
        if not values["ID"] or values["Student"] in (_POSSIBLE, _TEST_STUDENT):
            continue
        text = values.get(column, "")
        score, locked = (
            (None, "the assignment is not assigned to this student")
            if text == "N/A"
            else read_score(text)
        )
        identity = {name: values[name] for name in IDENTITY if name in values}
        rows.append(CurrentRow(values["Student"], identity, score, locked))
    return tuple(rows)


def _column(assignment: str, headings: tuple[str, ...]) -> str:
    """Return the heading of an assignment, by its number, else by its title; "" if unknown."""
    numbered = _NUMBERED.fullmatch(assignment)
    for name in headings:
        parts = _NUMBERED.fullmatch(name)
        if name == assignment or (numbered and parts and numbered["number"] == parts["number"]):
            return name
    titled = [name for name in headings if _NUMBERED.sub(r"\g<title>", name) == assignment]
    return titled[0] if len(titled) == 1 else ""
