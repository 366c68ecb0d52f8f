"""Moodle: read its grading worksheet, and compute what uploading a worksheet would do to it.

The importer finds a student by the number in `Identifier`. It skips a grade that is empty, equal,
negative or above the maximum, a student whose grade is locked, and one that was graded after the
time in `Last modified (grade)`, unless "Allow updating records that have been modified more
recently" is ticked. It never creates a column and never removes a grade. Column names must be
those of the language in which the site is set: English for files of this kit.

Source: moodle/moodle, mod/assign/feedback/offline, importgradeslib.php (`init`, `next`) and
locallib.php (`process_import_grades`).
"""

import csv
import io
from pathlib import Path

from autograder.platforms.imports.current_gradebook import (
    CurrentGradebook,
    CurrentRow,
    Effect,
    Simulation,
    read_score,
)
from autograder.platforms.moodle import MOODLE_PARTICIPANT
from autograder.platforms.moodle_worksheet import in_english
from autograder.staff_table import read_number, read_staff_table

KEYS = ("Identifier",)
CHANGED = "Last modified (grade)"
_NEEDED = ("Identifier", "Grade", CHANGED)
_LOCKED = ("no", "nein")


def read_moodle(path: Path) -> CurrentGradebook | None:
    """Return a grading worksheet; None if the table is not one. Raise `BadTable`."""
    table = read_staff_table(path)
    rows = [in_english(row.values) for row in table.rows]
    if not rows or not set(_NEEDED) <= set(rows[0]):
        return None
    worth = {row.get("Maximum Grade", "") for row in rows}
    maximum = read_number(worth.pop()) if len(worth) == 1 else None
    problem = (
        ""
        if maximum
        else "the worksheet has no maximum grade; set the grade type to Point in Moodle and "
        "download the worksheet again"
    )
    students = tuple(_student(row) for row in rows if row["Identifier"])
    return CurrentGradebook("Moodle", table.name, "Grade", students, maximum, problem=problem)


def simulate_moodle(text: str, current: CurrentGradebook) -> Simulation:
    """Return what "Upload grading worksheet" would do with a file."""
    effects = []
    for values in csv.DictReader(io.StringIO(text, newline="")):
        place = current.place("Identifier", values["Identifier"])
        after, problem = read_score(values["Grade"])
        if place is None:
            effects.append(Effect(None, after, "Moodle knows no such participant, and skips it"))
            continue
        row = current.rows[place]
        if after is None:  # an empty grade is skipped, not removed
            after = row.score
        elif row.score is not None and values[CHANGED] != row.columns.get(CHANGED):
            problem = "Moodle skips it, because it was graded after the time in the file"
        elif isinstance(after, float) and not 0 <= after <= (current.maximum or 0):
            problem = f"Moodle skips grades above {current.maximum or 0:g}"
        effects.append(Effect(place, after, problem or row.locked))
    return Simulation(tuple(effects), current.problem)


def _student(row: dict[str, str]) -> CurrentRow:
    identifier = row["Identifier"]
    if identifier.isdigit():
        identifier = MOODLE_PARTICIPANT + identifier
    score, problem = read_score(row["Grade"])
    if row.get("Grade can be changed", "").casefold() in _LOCKED:
        problem = 'the grade is locked ("Grade can be changed": No)'
    columns = {**row, "Identifier": identifier}
    name = row.get("Full name") or identifier  # absent with anonymous submissions
    return CurrentRow(name, columns, score, problem)
