"""Any other site: read a table of current scores, and compute what an import of two columns does.

The file has the columns of the table that identify a student and contain the score. A row sets the
score of the student with exactly that id.
"""

import csv
import io
from pathlib import Path

from autograder.platforms.imports.current_gradebook import (
    BadGradebook,
    CurrentGradebook,
    CurrentRow,
    Effect,
    Simulation,
    read_score,
)
from autograder.staff_table import read_staff_table


def read_table(path: Path, student: str, score: str, maximum: float | None) -> CurrentGradebook:
    """Return a table of scores. Raise `BadTable`, or `BadGradebook` if a column is missing."""
    table = read_staff_table(path)
    for heading in (student, score):
        if heading not in table.headings:
            raise BadGradebook(
                f"{path} has no column {heading}. Choose from {', '.join(table.headings)}."
            )
    rows = []
    for row in table.rows:
        before, problem = read_score(row.values[score])
        columns = {student: row.values[student]}
        rows.append(CurrentRow(row.values[student], columns, before, problem))
    return CurrentGradebook("the table", table.name, score, tuple(rows), maximum)


def simulate_table(text: str, current: CurrentGradebook) -> Simulation:
    """Return what an import that sets the scores of a file would do."""
    effects = []
    for student, score in list(csv.reader(io.StringIO(text, newline="")))[1:]:
        (key,) = current.rows[0].columns if current.rows else ("",)
        place = current.place(key, student)
        after, problem = read_score(score)
        if place is None:
            problem = "the table has no such student"
        effects.append(
            Effect(place, after, problem or ("" if place is None else current.rows[place].locked))
        )
    return Simulation(tuple(effects))
