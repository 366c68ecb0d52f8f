"""nbgrader: read the gradebook of a course folder, and compute what replacing it would do.

A gradebook.db is not imported but copied, so a student or an assignment that the new file lacks is
erased. A score is the sum over the graded cells less the late penalty, and at least 0; a cell's
manual score replaces its automatic one, and extra credit is added.

Source: nbgrader/api.py (`Grade.score`, `SubmittedAssignment.score`) and nbgrader/plugins/export.py.
"""

from pathlib import Path

from autograder.platforms.imports.current_gradebook import (
    CurrentGradebook,
    CurrentRow,
    Effect,
    Simulation,
)
from autograder.platforms.nbgrader_gradebook import ASSIGNMENT, read_scores

KEYS = ("student_id",)


def read_nbgrader(path: Path) -> CurrentGradebook:
    """Return the scores of the assignment in a gradebook. Raise `UnreadableGradebook`."""
    book = read_scores(path)
    rows = tuple(
        CurrentRow(student, {"student_id": student}, score)
        for student, score in book.scores.items()
    )
    return CurrentGradebook(
        "nbgrader", path.name, ASSIGNMENT, rows, book.maximum, book.other_assignments
    )


def simulate_nbgrader(path: Path, current: CurrentGradebook, students: list[str]) -> Simulation:
    """Return what replacing the current gradebook by the one at `path` would do to students.

    Raises:
        UnreadableGradebook: nbgrader can't read the file.
    """
    scores = read_scores(path).scores
    others = ", ".join(current.headings)
    if others:
        return Simulation(problem=f"it would erase the other assignments in it: {others}")
    lost = sorted(
        row.columns["student_id"]
        for row in current.rows
        if row.score is not None and scores.get(row.columns["student_id"]) is None
    )
    if lost:
        return Simulation(problem=f"it would erase the scores of {', '.join(lost)}")
    return Simulation(
        tuple(
            Effect(current.place("student_id", student), scores.get(student))
            for student in students
        )
    )
