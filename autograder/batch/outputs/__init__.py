"""Everything that is made of a marked class, and where it lies.

    OUT/class.html, class.json              the class for people, and for programs
    OUT/canvas.csv, moodle.csv              gradebook imports; the only files with names in them
    OUT/gradebook.db                        nbgrader's, where nbgrader is installed
    OUT/junit.xml                           one suite per hand-in
    OUT/students/<id>/report.html           what a student gets back
    OUT/students/<id>/results.json          the same for Gradescope
    OUT/staff/audit.html, audit.json        what staff may want to look at; nobody else may
    OUT/staff/pseudonyms.csv                whose pseudonyms they are, with `anonymous`

With `anonymous` all of it but the tables of names is written below OUT/anonymous, with pseudonyms
for ids; the key alone stays in OUT/staff. A table for a learning platform is written where the
class knows the platform's ids. Each file is whole or absent, and a pure function of the data.

It can fail with a `PolicyError` before anything is written, and with an `UnwritableOutputs`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from autograder.batch.audit import Audit, Works, audit
from autograder.batch.manual import ManualMarks
from autograder.batch.outputs import audit_page, class_json, dashboard, junit
from autograder.batch.outputs.anonymous import key_table, pseudonyms
from autograder.batch.outputs.canvas import canvas_csv
from autograder.batch.outputs.feedback import closing_rows
from autograder.batch.outputs.moodle import moodle_csv
from autograder.batch.policy import FinalMark, Policy, apply, settled
from autograder.batch.record import ClassRecord
from autograder.batch.reference import reference_numbers
from autograder.intake.names import student_id
from autograder.report import gradescope, html
from autograder.rubric import load_rubric
from autograder.secret import course_secret
from quantlab.files import write_text_atomically

STUDENTS, STAFF, ANONYMOUS = "students", "staff", "anonymous"
CANVAS_IDS = ("ID", "SIS User ID", "SIS Login ID")


class UnwritableOutputs(Exception):
    """A file can't be written, or must not be written over; the message says which and why."""


@dataclass(frozen=True)
class Written:
    """What was made: the marks, the files, and sentences on what was left out."""

    marks: tuple[FinalMark, ...]
    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()


def write_all(
    record: ClassRecord,
    out: Path,
    policy: Policy,
    manual: ManualMarks,
    anonymous: bool = False,
    previous: ClassRecord | None = None,
    works: Works | None = None,
) -> Written:
    """Write all outputs below `out`, which is made if absent; returns what was written.

    `previous` is the record of an earlier run, to compare with; `works` are the submissions, for
    the comparisons of the audit. Raises `PolicyError`, `UnwritableOutputs`, and `SecretError` where
    `anonymous` finds no course secret.
    """
    marks = apply(record, policy, manual)
    record = settled(record, marks)
    found = audit(record, previous, works)
    files = _Files(out)
    try:
        if anonymous:
            names = pseudonyms(record, marks, course_secret())
            files.staff(f"{STAFF}/pseudonyms.csv", key_table(names))
            files.folder = out / ANONYMOUS
            record, marks, found = names.record(record), names.marks(marks), names.audit(found)
        _write_class(files, record, marks, policy, found, anonymous)
        _write_students(files, record, marks)
        notes = _write_gradebook(files, record, marks, policy)
    except OSError as error:
        place = error.filename or files.folder
        raise UnwritableOutputs(
            f"{place} can't be written: {error.strerror or error}. Free some space or choose "
            "another folder; what was written before is whole."
        ) from error
    return Written(marks, tuple(files.written), (*found.notes, *notes))


class _Files:
    """Writes below `folder` and keeps in mind what it wrote. Raises `OSError`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.written: list[Path] = []

    def write(self, name: str, text: str) -> None:
        path = self.place(name)
        write_text_atomically(path, text)
        self.written.append(path)

    def staff(self, name: str, text: str) -> None:
        """The same in a folder that other accounts of this machine can't enter."""
        os.chmod(self.place(name).parent, 0o700)
        self.write(name, text)

    def place(self, name: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _write_class(
    files: _Files,
    record: ClassRecord,
    marks: tuple[FinalMark, ...],
    policy: Policy,
    found: Audit,
    anonymous: bool,
) -> None:
    pages = _pages(record, marks)
    numbers = reference_numbers(record.dataset)
    files.write(
        "class.html", dashboard.render(record, marks, policy, numbers, load_rubric(), pages)
    )
    files.write("class.json", class_json.class_json(record, marks, policy, anonymous))
    files.write("junit.xml", junit.junit_xml(record, policy.title))
    if any(mark.lms.get(name) for mark in marks for name in CANVAS_IDS):
        files.write("canvas.csv", canvas_csv(marks, policy))
    if any(mark.lms.get("Identifier") for mark in marks):
        files.write("moodle.csv", moodle_csv(marks, policy))
    from_staff = {name: f"../{page}" for name, page in pages.items() if page}
    files.staff(f"{STAFF}/audit.html", audit_page.render(found, policy.title, from_staff))
    files.staff(f"{STAFF}/audit.json", audit_page.audit_json(found))


def _write_students(files: _Files, record: ClassRecord, marks: tuple[FinalMark, ...]) -> None:
    reports = {m: o.report for o in record.outcomes for m in o.handin.members if o.report}
    for mark in tqdm(marks, desc="Pages of students", leave=False):
        report = reports.get(mark.member)
        if report is not None:
            folder = _folder(mark.member)
            files.write(f"{folder}/report.html", html.render(report, closing_rows(mark)))
            files.write(f"{folder}/results.json", gradescope.render(report))


def _write_gradebook(
    files: _Files, record: ClassRecord, marks: tuple[FinalMark, ...], policy: Policy
) -> list[str]:
    try:
        from autograder.batch import gradebook
        from autograder.batch.outputs import nbgrader_rows
    except ModuleNotFoundError as missing:
        return [f"No gradebook.db: {missing.name} is missing, pip install -e '.[notebook]'."]
    cells = nbgrader_rows.gradebook_cells(record)
    rows = nbgrader_rows.gradebook_rows(record, marks, cells, policy.timezone)
    place = files.place("gradebook.db")
    if place.exists():
        ours = nbgrader_rows.marks_by_hand(rows)
        for given in gradebook.manual_marks(place):
            if (given.student, given.cell) not in ours:
                raise UnwritableOutputs(
                    f"{place} holds marks that a person gave, such as {given.points:g} points for "
                    f"{given.cell} of {given.student}, which would be lost. Pass it as marks by "
                    "hand, or move it away."
                )
    gradebook.write_gradebook(place, cells, rows, policy.deadline)
    files.written.append(place)
    return []


def _pages(record: ClassRecord, marks: tuple[FinalMark, ...]) -> Mapping[str, str]:
    """The address of each student's page, and of each group's by its first member; "" for none."""
    pages = {mark.member: "" for mark in marks}
    for outcome in record.outcomes:
        for member in outcome.handin.members if outcome.report else ():
            pages[member] = f"{_folder(member)}/report.html"
        first = outcome.handin.members[:1]
        pages.setdefault(outcome.handin.student, pages[first[0]] if first else "")
    return pages


def _folder(member: str) -> str:
    return f"{STUDENTS}/{student_id(member).value}"
