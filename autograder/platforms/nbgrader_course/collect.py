"""Copy submissions into nbgrader's `submitted/`, one folder per student.

    python -m autograder.platforms.nbgrader_course.collect --course nbgrader downloads/*

Each PATH is a folder or a zip named after its student. Files are recognized under similar names,
such as "Copy of main.ipynb" and "solution (1).py", and get the name that they should have. If two
differ, both are copied, and the grader reports the conflict. Zip files and files that could be a
missing one are copied, too. A notebook that is missing or can't be read is replaced by the released
one, so that nbgrader grades every student.

Earlier files of a student are replaced. Exit status: 0 done, 1 something could not be collected, 2
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

from autograder.exit_status import DONE, NEEDS_REVIEW, USAGE
from quantlab.errors import UnreadableFile, UnreadableSubmission
from quantlab.intake.archive import open_contents
from quantlab.intake.contents import LIMITS, Contents, Entry
from quantlab.intake.names import could_be, student_id
from quantlab.intake.nested import is_archive
from quantlab.intake.roles import WANTED
from quantlab.intake.submission import build_submission, name_of

NOTEBOOK = "main.ipynb"
LONGEST_NAME = 100  # characters of an additional file's name
_UNSAFE = re.compile(r"^\.+|[^A-Za-z0-9._ ()-]")
LARGEST = 64 * 2**20  # bytes; a notebook with every figure has some 3 MB


def collect(path: Path, course: Path, assignment: str = "quantization") -> tuple[str, list[str]]:
    """Copy one submission and return its student and sentences on problems.

    Raises:
        UnreadableSubmission: the folder or zip can't be read.
        OSError: a file can't be written.
    """
    student = student_id(name_of(path)).value
    with open_contents(path) as contents:
        files, remarks = _wanted_files(contents)
        files |= _other_files(contents, student)
    remarks += _replace_bad_notebook(files, course / "release" / assignment / NOTEBOOK)
    place = course / "submitted" / student / assignment
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for wanted, content in sorted(files.items()):
        (place / wanted).write_bytes(content)
    return student, remarks


def _wanted_files(contents: Contents) -> tuple[dict[str, bytes], list[str]]:
    files: dict[str, bytes] = {}
    remarks: list[str] = []
    for wanted in WANTED:
        variants = _different(contents, wanted, remarks)
        for number, content in enumerate(variants):
            files[_numbered(wanted, number)] = content
        if len(variants) > 1:
            remarks.append(f"{len(variants)} different files could be {wanted}.")
    return files, remarks


def _other_files(contents: Contents, student: str) -> dict[str, bytes]:
    """Return archives, and files with or without a role under other names, under safe names.

    nbgrader takes every notebook for one of the assignment, so others get a second extension.
    """
    submission = build_submission(contents, student_id(student))
    wanted_paths = {*submission.used, *(entry.path for entry in submission.unused)}
    others: dict[str, bytes] = {}
    for entry in contents.files:
        if any(could_be(entry.name, wanted) for wanted in WANTED):
            continue
        if entry.path in wanted_paths or is_archive(entry):
            name = _UNSAFE.sub("_", entry.name)[-LONGEST_NAME:]
            name += ".txt" if name.lower().endswith(".ipynb") else ""
            with suppress(UnreadableFile):
                others[name] = entry.read(LARGEST)
    return others


def _different(contents: Contents, wanted: str, remarks: list[str]) -> list[bytes]:
    """Return the different contents of files that could be `wanted`, nearest to the top first."""
    candidates = [entry for entry in contents.files if could_be(entry.name, wanted)]
    variants: list[bytes] = []
    for entry in sorted(candidates, key=lambda entry: (len(entry.parts), entry.path)):
        try:
            content = entry.read(_limit(entry, wanted))
        except UnreadableFile as problem:
            remarks.append(f"{wanted} {problem}.")
            continue
        if content not in variants:
            variants.append(content)
    return variants[:1] if wanted == NOTEBOOK else variants


def _limit(entry: Entry, wanted: str) -> int:
    return LIMITS.model if wanted.endswith(".pt") else LARGEST


def _numbered(wanted: str, number: int) -> str:
    """Return the name of the first copy, the second ("solution (1).py"), and so on."""
    stem, _, extension = wanted.rpartition(".")
    return wanted if number == 0 else f"{stem} ({number}).{extension}"


def _replace_bad_notebook(files: dict[str, bytes], released: Path) -> list[str]:
    """Replace a missing or unreadable notebook; return sentences on what was done."""
    if NOTEBOOK not in files:
        files[NOTEBOOK] = released.read_bytes()
        return ["There is no notebook: the released one replaces it."]
    try:
        notebook = nbformat.reads(files[NOTEBOOK].decode("utf-8"), as_version=4)
        nbformat.validate(notebook, relax_add_props=True)
    except Exception as problem:  # any error of the parser
        files[NOTEBOOK] = released.read_bytes()
        return [
            f"The notebook can't be read ({type(problem).__name__}): the released one replaces it."
        ]
    return []


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m autograder.platforms.nbgrader_course.collect")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
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
    for path in options.paths:
        try:
            student, remarks = collect(path, options.course, options.assignment)
        except (UnreadableSubmission, OSError) as problem:
            print(f"{path}: {problem}", file=sys.stderr)
            status = NEEDS_REVIEW
            continue
        print(f"{student}: {' '.join(remarks) or 'complete.'}")
    return status


if __name__ == "__main__":
    sys.exit(main())
