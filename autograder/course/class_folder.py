"""Open the folder of a class: one command at a time uses its journal."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from autograder.course.journal import Journal, JournalError, damage_sentence
from autograder.course.lock import hold_lock
from autograder.errors import AutograderError
from quantlab.intake.names import quote_name, student_id

JOURNAL = ".journal"  # no student id begins with a dot
DATABASE = "marks.sqlite"
DOCUMENT_TEXTS = "answers"  # a folder: what the grading desk has read of PDF, docx and HTML


class NotAClass(AutograderError):
    """The folder contains no graded class; the message says which folder."""


class UnsafeId(AutograderError):
    """A student id can't be part of a path; the message says which id."""


def refuse_unsafe_id(student: str) -> None:
    """Raise `UnsafeId` for an id that is empty, or has a character that no id in a class has."""
    if student_id(student).replaced:
        raise UnsafeId(
            f"{quote_name(student)} can't be the id of a student. Give the id as in class.json or "
            "final.csv."
        )


@contextmanager
def open_class(out: Path, create: bool = False) -> Iterator[Journal]:
    """Hold the lock of a class and yield its journal.

    Raises:
        NotAClass: nothing was graded in this folder, and `create` is false.
        AlreadyRunning: another run uses it.
        JournalError: the journal can't be read, or the folder can't be made.
    """
    folder = out / JOURNAL
    if create:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # scores and comments are in it
        except OSError as error:
            raise JournalError(
                f"The folder {folder} can't be created: {error.strerror}. Choose another folder "
                "with --out, or move away what is in its place."
            ) from error
    elif not folder.is_dir():
        raise NotAClass(f"{out} contains no graded class. Give the folder of batch --out.")
    with hold_lock(out, folder / "lock"):
        _refuse_emptied(out, folder / DATABASE)
        with Journal(folder / DATABASE) as journal:
            _make_private(folder)
            yield journal


def _make_private(folder: Path) -> None:
    """Let only the owner read the journal: earlier versions, a copy or the umask may differ."""
    with suppress(PermissionError):  # another owner's
        folder.chmod(0o700)
        (folder / DATABASE).chmod(0o600)


def _refuse_emptied(out: Path, path: Path) -> None:
    """Raise `JournalError` if the file of a graded class is empty: SQLite would begin a new one."""
    if (out / "class.json").exists() and path.exists() and path.stat().st_size == 0:
        raise JournalError(damage_sentence(path, "the file is empty"))
