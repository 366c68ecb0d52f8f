"""Blackboard Learn: read a Grade Center download, and compute what uploading a file would do to it.

"Work Offline, Upload" finds a student by `Username` and a column by the number after the last `|`
of its heading, `Quantization [Total Pts: 140 Score] |123`. Without a known number it makes a new
text column worth 0 points. Usernames that are not enrolled are not processed. A number is stored as
it is, in the unit of the column (`Score`; others are percentages, letters or texts). An excuse
can't be uploaded. What an empty cell does is not documented: here it removes the score.

Source: Blackboard's help, "Uploading or Downloading Grade Center Items for Working Offline".
"""

import csv
import io
import re
from pathlib import Path

from autograder.platforms.imports.current_gradebook import (
    CurrentGradebook,
    CurrentRow,
    Effect,
    Simulation,
    choose_column,
    read_score,
)
from autograder.staff_table import read_number, read_staff_table

KEYS = ("Username",)
_HEADING = re.compile(
    r"(?P<title>.*?) ?\[Total Pts: (?P<limit>up to )?(?P<points>[\d.,]+)(?: (?P<kind>[^\]]+))?\]"
    r" ?\|(?P<number>\d+)"
)
_UNGRADED = ("needs grading", "in progress", "needs reconciliation")


def read_blackboard(path: Path, column: str) -> CurrentGradebook | None:
    """Return a Grade Center download; None if the table is not one. Raise `BadTable`."""
    table = read_staff_table(path)
    if "Username" not in table.headings:
        return None
    scores = tuple(name for name in table.headings if _HEADING.fullmatch(name))
    heading = next((name for name in scores if _number(name) == _number(column)), "")
    rows = []
    for row in table.rows:
        values = row.values
        score, problem = read_score(values.get(heading, ""), _UNGRADED)
        name = f"{values.get('Last Name', '')}, {values.get('First Name', '')}".strip(", ")
        columns = {"Username": values["Username"]}
        rows.append(CurrentRow(name or values["Username"], columns, score, problem))
    parts = _HEADING.fullmatch(heading)
    maximum = read_number(parts["points"]) if parts else None
    problem = ""
    if parts and (parts["limit"] or parts["kind"] not in (None, "Score")):
        problem = f"Blackboard computes or converts {heading}: choose a column of kind Score"
    return CurrentGradebook(
        "Blackboard", table.name, heading, tuple(rows), maximum, scores, problem
    )


def simulate_blackboard(text: str, current: CurrentGradebook) -> Simulation:
    """Return what the Grade Center's upload would do with a file."""
    header, *lines = csv.reader(io.StringIO(text, newline=""))
    heading = header[-1]
    if not current.column or _number(heading) != _number(current.column):
        advice = choose_column(current.headings, "[blackboard] column")
        return Simulation(problem=f"Blackboard would make a new text column {heading}{advice}")
    effects = []
    for cells in lines:
        values = dict(zip(header, cells, strict=True))
        place = current.place("Username", values["Username"])
        after, problem = read_score(values[heading].strip())
        if place is None:
            problem = "Blackboard has no such username, and skips it"
        effects.append(
            Effect(place, after, problem or ("" if place is None else current.rows[place].locked))
        )
    return Simulation(tuple(effects), current.problem)


def _number(heading: str) -> str | None:
    """Return the number that identifies a column, None without one."""
    parts = _HEADING.fullmatch(heading)
    return parts["number"] if parts else None
