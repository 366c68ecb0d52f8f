"""From what students handed in to nbgrader's `submitted/`: one folder per student.

    python -m autograder.platforms.nbgrader_course.collect --course nbgrader downloads/*

Each PATH is a folder or a zip named after its student. Of every file that the assignment asks for
what could be it is taken, "Copy of main.ipynb" and "solution (1).py" included, and put under the
name it should have; of two different ones both are, and the grader says that it can't choose. Files
that could be what is missing, under whatever name, and zip files go along for the grader to judge.
A notebook that is missing or can't be read is replaced by the released one, so that nbgrader has
something to show and no student is passed over.

What was there of a student is replaced. Exit status: 0 done, 1 something could not be collected, 2
there is no released assignment.
"""

import argparse
import re
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import nbformat

from autograder.intake.archive import (
    LIMITS,
    Contents,
    Entry,
    UnreadableFile,
    UnreadableSubmission,
    open_contents,
)
from autograder.intake.names import could_be, student_id
from autograder.intake.nested import is_zip
from autograder.intake.roles import WANTED
from autograder.intake.submission import build_submission
from autograder.intake.unused_files import could_be_report

NOTEBOOK = "main.ipynb"
LONGEST_NAME = 100  # characters of a file that goes along
_UNSAFE = re.compile(r"^\.+|[^A-Za-z0-9._ ()-]")
LARGEST = 64 * 2**20  # bytes; a notebook with every figure has some 3 MB


def collect(path: Path, course: Path, assignment: str = "quantization") -> tuple[str, list[str]]:
    """Put one submission in its place; returns the student and sentences about what was wrong.

    Raises `UnreadableSubmission`, `OSError`.
    """
    name = path.name[: -len(".zip")] if path.name.lower().endswith(".zip") else path.name
    student = student_id(name).value
    with open_contents(path) as contents:
        files, remarks = _chosen(contents)
        files |= _others(contents, student)
    remarks += _mend_notebook(files, course / "release" / assignment / NOTEBOOK)
    place = course / "submitted" / student / assignment
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for wanted, content in sorted(files.items()):
        (place / wanted).write_bytes(content)
    return student, remarks


def _chosen(contents: Contents) -> tuple[dict[str, bytes], list[str]]:
    files: dict[str, bytes] = {}
    remarks: list[str] = []
    for wanted in WANTED:
        found = _different(contents, wanted, remarks)
        for number, content in enumerate(found):
            files[_numbered(wanted, number)] = content
        if len(found) > 1:
            remarks.append(f"{len(found)} different files could be {wanted}.")
    return files, remarks


def _others(contents: Contents, student: str) -> dict[str, bytes]:
    """Return the zip files, and the files that could be what is missing, under safe names.

    nbgrader takes every notebook for one of the assignment's, so that another gets a second ending.
    """
    unused = {one.path for one in build_submission(contents, student_id(student)).unused}
    others: dict[str, bytes] = {}
    for entry in contents.files:
        if any(could_be(entry.name, wanted) for wanted in WANTED):
            continue
        if entry.path in unused or is_zip(entry) or could_be_report(entry.parts):
            name = _UNSAFE.sub("_", entry.name)[-LONGEST_NAME:]
            name += ".txt" if name.lower().endswith(".ipynb") else ""
            with suppress(UnreadableFile):
                others[name] = entry.read(LARGEST)
    return others


def _different(contents: Contents, wanted: str, remarks: list[str]) -> list[bytes]:
    """The contents of the files that could be `wanted`, nearest to the top first, each once."""
    candidates = [entry for entry in contents.files if could_be(entry.name, wanted)]
    found: list[bytes] = []
    for entry in sorted(candidates, key=lambda entry: (len(entry.parts), entry.path)):
        try:
            content = entry.read(_limit(entry, wanted))
        except UnreadableFile as problem:
            remarks.append(f"{wanted} {problem}.")
            continue
        if content not in found:
            found.append(content)
    return found[:1] if wanted == NOTEBOOK else found


def _limit(entry: Entry, wanted: str) -> int:
    return LIMITS.model if wanted.endswith(".pt") else LARGEST


def _numbered(wanted: str, number: int) -> str:
    """`wanted` for the first, "solution (1).py" for the second, which intake knows as a copy."""
    stem, _, extension = wanted.rpartition(".")
    return wanted if number == 0 else f"{stem} ({number}).{extension}"


def _mend_notebook(files: dict[str, bytes], released: Path) -> list[str]:
    """Make sure that there is a notebook which nbgrader can read."""
    if NOTEBOOK not in files:
        files[NOTEBOOK] = released.read_bytes()
        return ["There is no notebook: the released one stands in for it."]
    try:
        found = nbformat.reads(files[NOTEBOOK].decode("utf-8"), as_version=4)
        nbformat.validate(found, relax_add_props=True)
    except Exception as problem:  # whatever a stranger's file can make a parser raise
        files[NOTEBOOK] = released.read_bytes()
        return [
            f"The notebook can't be read ({type(problem).__name__}): the released one stands in "
            "for it."
        ]
    return []


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m autograder.platforms.nbgrader_course.collect")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--course", type=Path, default=Path(), metavar="DIR")
    parser.add_argument("--assignment", default="quantization")
    options = parser.parse_args(arguments)
    released = options.course / "release" / options.assignment / NOTEBOOK
    if not released.is_file():
        print(
            f"There is no {released}: run nbgrader generate_assignment {options.assignment} in "
            "the course's folder first.",
            file=sys.stderr,
        )
        return 2
    status = 0
    for path in options.paths:
        try:
            student, remarks = collect(path, options.course, options.assignment)
        except (UnreadableSubmission, OSError) as problem:
            print(f"{path}: {problem}", file=sys.stderr)
            status = 1
            continue
        print(f"{student}: {' '.join(remarks) or 'complete.'}")
    return status


if __name__ == "__main__":
    sys.exit(main())
