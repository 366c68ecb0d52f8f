"""Everything that is made of a marked class, and where it lies.

    OUT/class.html, class.json              the class for people, and for programs
    OUT/final.csv                           the score of every student, and how far it is
    OUT/canvas.csv, moodle.csv              gradebook imports; the only files with names in them
    OUT/gradebook.db                        nbgrader's, where nbgrader is installed
    OUT/junit.xml                           one suite per hand-in
    OUT/students/<id>/report.html           what a student gets back
    OUT/students/<id>/results.json          the same for Gradescope
    OUT/staff/audit.html, audit.json        what staff may want to look at; nobody else may
    OUT/staff/pseudonyms.csv                whose pseudonyms they are, with `anonymous`

With `anonymous` all of it but the tables of names is written below OUT/anonymous, with pseudonyms
for ids; the key alone stays in OUT/staff. A table for a learning platform is written where the
class knows the platform's ids. A provisional run writes no gradebook. Each file is whole or absent,
and a pure function of the data.

It can fail with a `PolicyError` before anything is written, and with an `UnwritableOutputs`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from autograder.course.audit import Audit, Works, audit
from autograder.course.class_record import ClassRecord
from autograder.course.manual import ManualMarks
from autograder.course.outputs import audit_page, class_json, dashboard, junit
from autograder.course.outputs.anonymous import key_table, pseudonyms
from autograder.course.outputs.feedback import closing_rows
from autograder.course.outputs.gradebooks import write_gradebooks
from autograder.course.outputs.output_files import OutputFiles, UnwritableOutputs
from autograder.course.policy import FinalMark, Policy, apply, settled
from autograder.course.reference import reference_numbers
from autograder.engine.rubric import load_rubric
from autograder.engine.secret import course_secret
from autograder.intake.names import student_id
from autograder.report import gradescope, html

STUDENTS, STAFF, ANONYMOUS = "students", "staff", "anonymous"

__all__ = ["ANONYMOUS", "STAFF", "STUDENTS", "UnwritableOutputs", "Written", "write_all"]


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
    files = OutputFiles(out)
    try:
        if anonymous:
            names = pseudonyms(record, marks, course_secret())
            files.staff(f"{STAFF}/pseudonyms.csv", key_table(names))
            files.folder = out / ANONYMOUS
            record, marks, found = names.record(record), names.marks(marks), names.audit(found)
        _write_class(files, record, marks, policy, found, anonymous)
        _write_students(files, record, marks)
        notes = write_gradebooks(files, record, marks, policy)
    except OSError as error:
        place = error.filename or files.folder
        raise UnwritableOutputs(
            f"{place} can't be written: {error.strerror or error}. Free some space or choose "
            "another folder; what was written before is whole."
        ) from error
    return Written(marks, tuple(files.written), (*found.notes, *notes))


def _write_class(
    files: OutputFiles,
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
    from_staff = {name: f"../{page}" for name, page in pages.items() if page}
    files.staff(
        f"{STAFF}/audit.html",
        audit_page.render(found, policy.title, from_staff, record.provisional),
    )
    files.staff(f"{STAFF}/audit.json", audit_page.audit_json(found))


def _write_students(files: OutputFiles, record: ClassRecord, marks: tuple[FinalMark, ...]) -> None:
    reports = {m: o.report for o in record.outcomes for m in o.handin.members if o.report}
    for mark in tqdm(marks, desc="Pages of students", leave=False):
        report = reports.get(mark.member)
        if report is not None:
            folder = _folder(mark.member)
            files.write(f"{folder}/report.html", html.render(report, closing_rows(mark)))
            files.write(f"{folder}/results.json", gradescope.render(report))


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
