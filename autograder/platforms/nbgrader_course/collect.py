"""Copy the submissions of an export into nbgrader's `submitted/`, one folder per student.

    python -m autograder.platforms.nbgrader_course.collect --course nbgrader downloads

The export is read as `batch` reads it: of any course site, or a folder of folders and zip files.
Copied are the files that have a role, those that could be a missing one, and archives that were not
opened. A file under a similar name gets the name that it should have. If two differ, both are
copied, and the grader reports the conflict. Each member of a group gets the submission. A notebook
that is missing or can't be read is replaced by the released one, so that nbgrader grades every
student.

Earlier files of a student are replaced. Exit status: 0 done, 1 something could not be collected, 2
there is no released assignment or no export.
"""

import argparse
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from autograder.exit_status import DONE, NEEDS_REVIEW, USAGE
from autograder.platforms import BadExport, Export, read_export
from autograder.platforms.export_entry import ExportEntry
from autograder.platforms.nbgrader import TIMESTAMP
from autograder.platforms.nbgrader_course.student_notebook import (
    NOTEBOOK,
    StudentNotebook,
    find_notebook,
)
from quantlab.errors import UnreadableFile, UnreadableSubmission
from quantlab.intake.contents import MIB, Contents, Entry
from quantlab.intake.names import could_be
from quantlab.intake.nested import is_archive
from quantlab.intake.roles import REPORT

_LARGEST_FILE = 64 * MIB  # bytes; a model with optimizer state is smaller
LONGEST_NAME = 100  # characters of a file's name
OWN_TIMESTAMP = "timestamp (submitted).txt"  # nbgrader reads the time from TIMESTAMP
_UNSAFE = re.compile(r"^\.+|[^A-Za-z0-9._ ()-]")


@dataclass(frozen=True)
class Collected:
    """Hold what was copied of a submission, and sentences on problems.

    `students` have it in `submitted/`; there are none if the submission can't be read.
    """

    path: str
    students: tuple[str, ...]
    remarks: tuple[str, ...]


def collect(export: Export, course: Path, assignment: str = "quantization") -> Iterator[Collected]:
    """Copy the submissions one by one, and yield what was copied. Raise `OSError`."""
    released = course / "release" / assignment / NOTEBOOK
    for entry in export.entries:
        try:
            files, remarks = _files(export, entry, released)
        except (UnreadableSubmission, UnreadableFile) as problem:
            yield Collected(entry.path, (), (str(problem),))
            continue
        for student in entry.members:
            place = course / "submitted" / student / assignment
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
            for name, content in sorted(files.items()):
                (place / name).write_bytes(content)
        yield Collected(entry.path, entry.members, tuple(remarks))


def _files(
    export: Export, entry: ExportEntry, released: Path
) -> tuple[dict[str, bytes], list[str]]:
    """Return {name: content} of what is copied, and sentences on problems."""
    submission = export.submission(entry)
    remarks = list(submission.problems.values())
    files: dict[str, bytes] = {}
    with export.files(entry) as contents:
        student = find_notebook(contents)
        files[NOTEBOOK] = student.content if student.notebook else released.read_bytes()
        if student.notebook is None:
            why = student.problem or "There is no notebook."
            remarks.append(f"{why} The released one replaces it.")
        wanted = {**dict.fromkeys((u.path for u in submission.unused), ""), **submission.used}
        for name, content in _other_files(contents, student, wanted):
            files[_free_name(name, content, files)] = content
    if moment := _moment(entry.submitted):
        files[TIMESTAMP] = moment.encode()
    return files, remarks


def _other_files(
    contents: Contents, student: StudentNotebook, wanted: Mapping[str, str]
) -> Iterator[tuple[str, bytes]]:
    """Yield the other files under names that are safe, nearest to the top first."""
    for file in sorted(contents.files, key=lambda file: (len(file.parts), file.path)):
        if file is student.entry and student.notebook is not None:
            continue
        if file.path in wanted or is_archive(file):
            role = wanted.get(file.path, "")
            yield _name(file, role), file.read(_LARGEST_FILE)


def _name(file: Entry, role: str) -> str:
    """Return the name of a copy: the assignment's if it is near, else the student's own.

    nbgrader takes every notebook for one of the assignment, so others get a second extension. A
    student's own timestamp must not become the time of the submission.
    """
    if role not in ("", REPORT) and could_be(file.name, role):
        return role
    name = _UNSAFE.sub("_", file.name)[-LONGEST_NAME:]
    if name.casefold() == TIMESTAMP:
        return OWN_TIMESTAMP
    return f"{name}.txt" if name.casefold().endswith(".ipynb") else name


def _free_name(name: str, content: bytes, files: Mapping[str, bytes]) -> str:
    """Return the name with a number if another content has it already."""
    stem, dot, extension = name.rpartition(".")
    number, free = 0, name
    while free in files and files[free] != content:
        number += 1
        free = f"{stem} ({number}){dot}{extension}" if dot else f"{extension} ({number})"
    return free


def _moment(submitted: str) -> str:
    """Return a time as nbgrader reads it; "" if it is unknown or has no zone."""
    try:
        moment = datetime.fromisoformat(submitted)
    except ValueError:
        return ""
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f %z") if moment.tzinfo else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m autograder.platforms.nbgrader_course.collect")
    parser.add_argument("export", type=Path, metavar="EXPORT")
    parser.add_argument("--course", type=Path, default=Path(), metavar="DIR")
    parser.add_argument("--assignment", default="quantization")
    options = parser.parse_args(arguments)
    released = options.course / "release" / options.assignment / NOTEBOOK
    if not released.is_file():
        print(
            f"{released} is missing. Run nbgrader generate_assignment {options.assignment} in the "
            "course folder first.",
            file=sys.stderr,
        )
        return USAGE
    status = DONE
    try:
        with read_export(options.export) as export:
            for problem in export.problems:
                print(problem, file=sys.stderr)
                status = NEEDS_REVIEW
            for copied in collect(export, options.course, options.assignment):
                if copied.students:
                    remarks = " ".join(copied.remarks) or "complete."
                    print(f"{', '.join(copied.students)}: {remarks}")
                else:
                    print(" ".join(copied.remarks), file=sys.stderr)
                    status = NEEDS_REVIEW
    except (BadExport, OSError) as problem:
        print(problem, file=sys.stderr)
        return USAGE
    return status


if __name__ == "__main__":
    sys.exit(main())
