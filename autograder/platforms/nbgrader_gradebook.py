"""Write and read nbgrader's gradebook.db, through nbgrader's own `Gradebook`.

formgrader and `nbgrader export` open the database. It has the assignment with the notebook `main`,
the cell `auto-<question>` for the automatic points of each question, and `written-<question>` for
each written answer, as in the released notebook. A question without a score is listed for manual
grading; it is never a 0.

Reading uses a copy, because nbgrader writes into the files that it opens. The import fails without
nbgrader (extra `notebook`).
"""

import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from nbgrader.api import (
    Base,
    Comment,
    Grade,
    Gradebook,
    MissingEntry,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    new_uuid,
)
from sqlalchemy.exc import SQLAlchemyError

from autograder.errors import AutograderError
from quantlab.atomic_files import write_atomically

ASSIGNMENT, NOTEBOOK = "quantization", "main"  # as released: authoring/release/nbgrader.py


class UnreadableGradebook(AutograderError):
    """The file is not a gradebook of nbgrader; the message says which."""


@dataclass(frozen=True)
class GradedCell:
    """Holds a cell of the released notebook; `manual` cells are graded by staff."""

    name: str
    points: float
    manual: bool


@dataclass(frozen=True)
class CellScore:
    """Holds the points of a cell, None if not graded yet; `extra` is a bonus on top."""

    automatic: float | None = None
    manual: float | None = None
    extra: float = 0.0
    comment: str = ""


@dataclass(frozen=True)
class StudentRow:
    """Holds one student: the submission time, the points per cell, the late penalty in points."""

    student: str
    submitted: datetime | None
    penalty: float
    cells: Mapping[str, CellScore] = field(default_factory=dict)


@dataclass(frozen=True)
class ManualCellScore:
    """Holds a score that staff gave in formgrader."""

    student: str
    cell: str
    points: float
    comment: str


def write_gradebook(
    path: Path,
    cells: Sequence[GradedCell],
    rows: Sequence[StudentRow],
    deadline: datetime | None = None,
) -> None:
    """Write a gradebook, complete or not at all. Raise `OSError` if that fails."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(descriptor)
    try:
        with _alembic_on_path(), Gradebook(f"sqlite:///{temporary}") as book:
            _describe(book, cells, deadline)
            _add(book, rows)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except SQLAlchemyError as problem:  # such as a full disk
        raise OSError(f"nbgrader's database can't be written: {problem.args[0]}") from problem
    finally:
        Path(temporary).unlink(missing_ok=True)


def manual_scores(path: Path) -> list[ManualCellScore]:
    """Return the manual scores, by student and cell. Raise `UnreadableGradebook`."""
    with _copied(path) as (book, _):
        comments = {
            (comment.student.id, comment.name): comment.manual_comment or ""
            for comment in book.db.query(Comment).filter(Comment.manual_comment.isnot(None))
        }
        grades = book.db.query(Grade).filter(Grade.manual_score.isnot(None))
        records = [
            ManualCellScore(
                grade.student.id,
                grade.name,
                # in an automatic cell the extra credit is the grader's bonus
                grade.manual_score
                + (0.0 if grade.cell_type == "code" else grade.extra_credit or 0.0),
                comments.get((grade.student.id, grade.name), ""),
            )
            for grade in grades
            if grade.assignment.name == ASSIGNMENT
        ]
    return sorted(records, key=lambda score: (score.student, score.cell))


@dataclass(frozen=True)
class BookScores:
    """Hold the scores of a gradebook by student, as `nbgrader export` writes them.

    `maximum` is what the assignment is worth; `other_assignments` are further ones in the file.
    """

    scores: Mapping[str, float]
    maximum: float
    other_assignments: tuple[str, ...] = ()


def read_scores(path: Path) -> BookScores:
    """Return the scores in a gradebook. Raise `UnreadableGradebook`."""
    with _copied(path) as (book, _):
        assignment = book.find_assignment(ASSIGNMENT)
        scores = {
            submission.student_id: round(
                max(0.0, submission.score - submission.late_submission_penalty), 2
            )
            for submission in assignment.submissions
        }
        others = sorted(other.name for other in book.assignments if other.name != ASSIGNMENT)
        return BookScores(dict(sorted(scores.items())), assignment.max_score, tuple(others))


def forget_student(path: Path, student: str) -> bool:
    """Remove a student from a gradebook, and return whether the student was in it.

    Raises:
        UnreadableGradebook: nbgrader cannot read the file.
        OSError: it can't be written.
    """
    with _copied(path) as (book, copy):
        try:
            book.remove_student(student)
        except MissingEntry:
            return False
        with closing(sqlite3.connect(copy, isolation_level=None)) as database:
            database.execute("VACUUM")  # or deleted rows stay in free pages
        content = copy.read_bytes()
    write_atomically(path, lambda stream: stream.write(content))
    return True


@contextmanager
def _copied(path: Path) -> Iterator[tuple[Gradebook, Path]]:
    """Yield a gradebook on a copy of the file, and the path of the copy."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "gradebook.db"
        try:
            shutil.copyfile(path, copy)
            with Gradebook(f"sqlite:///{copy}") as book:
                book.find_assignment(ASSIGNMENT)
                yield book, copy
        except (OSError, SQLAlchemyError, ValueError) as problem:
            raise UnreadableGradebook(
                f"{path} is not a gradebook of nbgrader with the assignment {ASSIGNMENT} "
                f"({type(problem).__name__}). Pass the gradebook.db of the course folder."
            ) from problem


@contextmanager
def _alembic_on_path() -> Iterator[None]:
    """Put this Python's programs on PATH: nbgrader starts `alembic` by name."""
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
        kind = "markdown" if cell.manual else "code"
        place = {"notebook": NOTEBOOK, "assignment": ASSIGNMENT}
        book.add_grade_cell(cell.name, **place, max_score=cell.points, cell_type=kind)
        if cell.manual:  # formgrader shows a comment box under it
            book.add_solution_cell(cell.name, **place)


def _add(book: Gradebook, rows: Sequence[StudentRow]) -> None:
    """Add all rows in one transaction, linked by their ids.

    `Gradebook.add_submission` commits every row and reads all earlier ones: an hour for a class of
    a thousand.
    """
    assignment = book.find_assignment(ASSIGNMENT)
    (notebook,) = assignment.notebooks
    graded = {cell.name: cell.id for cell in notebook.grade_cells}
    answer_cells = {cell.name: cell.id for cell in notebook.solution_cells}
    records: list[Base] = []
    for row in rows:
        moment = row.submitted and row.submitted.astimezone(UTC).replace(tzinfo=None)
        submitted, pages = new_uuid(), new_uuid()
        records += [
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
            score = row.cells.get(name, CellScore())
            records.append(
                Grade(
                    cell_id=cell,
                    notebook_id=pages,
                    auto_score=score.automatic,
                    manual_score=score.manual,
                    extra_credit=score.extra or None,
                    needs_manual_grade=score.automatic is None and score.manual is None,
                )
            )
        for name, cell in answer_cells.items():
            comment_text = row.cells.get(name, CellScore()).comment or None
            records.append(Comment(cell_id=cell, notebook_id=pages, manual_comment=comment_text))
    book.db.bulk_save_objects(records)
    book.db.commit()
