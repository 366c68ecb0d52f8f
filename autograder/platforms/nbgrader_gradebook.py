"""nbgrader's gradebook.db, written and read through nbgrader's own `Gradebook`.

The database is one that formgrader and `nbgrader export` open: the course's assignment with the
notebook `main`, the cell `auto-<question>` for the automatic points of each question and
`written-<question>` for each written answer, as in the released notebook. A question without a mark
has no automatic score and is listed as to be marked by hand; it is never a 0.

Reading takes a copy, because nbgrader writes into what it opens. It can fail with an
`UnreadableGradebook`, and on import where nbgrader is not installed (extra `notebook`).
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from nbgrader.api import (
    Base,
    Comment,
    Grade,
    Gradebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    new_uuid,
)
from sqlalchemy.exc import SQLAlchemyError

ASSIGNMENT, NOTEBOOK = "quantization", "main"  # as released: authoring/release/course_folder.py


class UnreadableGradebook(Exception):
    """The file is no gradebook of nbgrader's; the message says which."""


@dataclass(frozen=True)
class GradedCell:
    """A cell of the released notebook; code cells are marked by the grader, others by a person."""

    name: str
    points: float
    by_person: bool


@dataclass(frozen=True)
class CellMark:
    """What a cell got. None: nobody has decided yet. `extra` is a bonus above the cell's points."""

    automatic: float | None = None
    manual: float | None = None
    extra: float = 0.0
    comment: str = ""


@dataclass(frozen=True)
class GradebookRow:
    """One student: when the work came, a mark per cell, and the points lost for being late."""

    student: str
    submitted: datetime | None
    penalty: float
    cells: Mapping[str, CellMark] = field(default_factory=dict)


@dataclass(frozen=True)
class GivenByHand:
    """A mark that a person gave in formgrader."""

    student: str
    cell: str
    points: float
    comment: str


def write_gradebook(
    path: Path,
    cells: Sequence[GradedCell],
    rows: Sequence[GradebookRow],
    deadline: datetime | None = None,
) -> None:
    """Write a gradebook that is whole or absent. Raises `OSError`."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(descriptor)
    try:
        with _alembic_on_path(), Gradebook(f"sqlite:///{temporary}") as book:
            _describe(book, cells, deadline)
            _add(book, rows)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except SQLAlchemyError as problem:  # a full disk, in SQLite's words
        raise OSError(f"nbgrader's database can't be written: {problem.args[0]}") from problem
    finally:
        Path(temporary).unlink(missing_ok=True)


def manual_marks(path: Path) -> list[GivenByHand]:
    """Every mark that a person gave, by student and cell. Raises `UnreadableGradebook`."""
    with _copied(path) as book:
        comments = {
            (comment.student.id, comment.name): comment.manual_comment or ""
            for comment in book.db.query(Comment).filter(Comment.manual_comment.isnot(None))
        }
        grades = book.db.query(Grade).filter(Grade.manual_score.isnot(None))
        found = [
            GivenByHand(
                grade.student.id,
                grade.name,
                # what formgrader calls extra credit is the grader's bonus in an automatic cell
                grade.manual_score
                + (0.0 if grade.cell_type == "code" else grade.extra_credit or 0.0),
                comments.get((grade.student.id, grade.name), ""),
            )
            for grade in grades
            if grade.assignment.name == ASSIGNMENT
        ]
    return sorted(found, key=lambda mark: (mark.student, mark.cell))


@contextmanager
def _copied(path: Path) -> Iterator[Gradebook]:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "gradebook.db"
        try:
            shutil.copyfile(path, copy)
            with Gradebook(f"sqlite:///{copy}") as book:
                book.find_assignment(ASSIGNMENT)
                yield book
        except (OSError, SQLAlchemyError, ValueError) as problem:
            raise UnreadableGradebook(
                f"{path} is no gradebook of nbgrader with the assignment {ASSIGNMENT} "
                f"({type(problem).__name__}). Name the gradebook.db of the course's folder."
            ) from problem


@contextmanager
def _alembic_on_path() -> Iterator[None]:
    """nbgrader starts `alembic` by its name to stamp a new database; it lies beside this Python."""
    path = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), path])
    try:
        yield
    finally:
        os.environ["PATH"] = path


def _describe(book: Gradebook, cells: Sequence[GradedCell], deadline: datetime | None) -> None:
    due = {"duedate": deadline.isoformat()} if deadline else {}
    book.update_or_create_assignment(ASSIGNMENT, **due)
    book.add_notebook(NOTEBOOK, ASSIGNMENT)
    for cell in cells:
        kind = "markdown" if cell.by_person else "code"
        place = {"notebook": NOTEBOOK, "assignment": ASSIGNMENT}
        book.add_grade_cell(cell.name, **place, max_score=cell.points, cell_type=kind)
        if cell.by_person:  # formgrader shows a comment box under it
            book.add_solution_cell(cell.name, **place)


def _add(book: Gradebook, rows: Sequence[GradebookRow]) -> None:
    """All rows in one transaction, linked by their ids.

    `Gradebook.add_submission` would commit every row and walk all earlier ones for it: an hour for
    a class of a thousand.
    """
    assignment = book.find_assignment(ASSIGNMENT)
    (notebook,) = assignment.notebooks
    graded = {cell.name: cell.id for cell in notebook.grade_cells}
    answered = {cell.name: cell.id for cell in notebook.solution_cells}
    found: list[Base] = []
    for row in rows:
        moment = row.submitted and row.submitted.astimezone(UTC).replace(tzinfo=None)
        submitted, pages = new_uuid(), new_uuid()
        found += [
            Student(id=row.student),
            SubmittedAssignment(
                id=submitted, assignment_id=assignment.id, student_id=row.student, timestamp=moment
            ),
            SubmittedNotebook(
                id=pages,
                notebook_id=notebook.id,
                assignment_id=submitted,
                late_submission_penalty=row.penalty,
            ),
        ]
        for name, cell in graded.items():
            mark = row.cells.get(name, CellMark())
            found.append(
                Grade(
                    cell_id=cell,
                    notebook_id=pages,
                    auto_score=mark.automatic,
                    manual_score=mark.manual,
                    extra_credit=mark.extra or None,
                    needs_manual_grade=mark.automatic is None and mark.manual is None,
                )
            )
        for name, cell in answered.items():
            said = row.cells.get(name, CellMark()).comment or None
            found.append(Comment(cell_id=cell, notebook_id=pages, manual_comment=said))
    book.db.bulk_save_objects(found)
    book.db.commit()
