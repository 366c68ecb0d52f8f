"""Read the roster: a CSV table of the students of a course and their ids on the course site.

It has one row per student under a heading row. The column `student` is the id that a submission is
graded under; all other columns are written to gradebooks unchanged. Two exports can be used as they
are: Canvas's gradebook (identified by `ID`, `SIS User ID`, `SIS Login ID`) and Moodle's grading
worksheet (`Identifier`), in English or German. A row belongs to the student with the same value in
one of these columns of the export, or with that id.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from autograder.course.class_record import ClassRecord
from autograder.course.staff_table import read_staff_table
from autograder.errors import AutograderError
from autograder.platforms.moodle import MOODLE_PARTICIPANT
from quantlab.intake.names import student_id
from quantlab.student_ids import plain_student

Row = Mapping[str, str]

STUDENT = "student"
IDENTIFYING = (
    *("ID", "SIS User ID", "SIS Login ID"),  # Canvas
    *("Identifier", "Email address", "Username"),  # Moodle, Blackboard
    "Email",  # Gradescope
)
_NO_STUDENT = ("Points Possible", "Student, Test")  # rows of Canvas's export without a student
_GERMAN = {  # the columns of Moodle's worksheet on a site in German
    "ID": "Identifier",
    "Vollständiger Name": "Full name",
    "E-Mail-Adresse": "Email address",
    "Bewertung kann geändert werden": "Grade can be changed",
    "Zuletzt geändert (Abgabe)": "Last modified (submission)",
    "Zuletzt geändert (Bewertung)": "Last modified (grade)",
}
_GERMAN_PARTICIPANT = "Teilnehmer/in"


class BadRoster(AutograderError):
    """The roster can't be used; the message says where and why."""


def read_roster(path: Path) -> tuple[Row, ...]:
    """Return the rows of a roster, values stripped.

    Raises:
        BadRoster: the file can't be read, has no rows or no identifying column, or has two rows for
            one student.
    """
    try:
        headings, numbered = read_staff_table(path)
    except OSError as error:
        raise BadRoster(f"{path} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadRoster(f"{path} is not UTF-8: save it as CSV (UTF-8).") from error
    if not any(name in headings for name in (STUDENT, *IDENTIFYING)):
        raise BadRoster(
            f"{path} has no column that identifies students. Add {STUDENT}, or one of "
            f"{', '.join(IDENTIFYING)}."
        )
    rows = tuple(_in_english(_values(row)) for _, row in numbered)
    rows = tuple(row for row in rows if _is_student(row))
    if not rows:
        raise BadRoster(f"{path} has no students.")
    ids = [row[STUDENT] for row in rows if row.get(STUDENT)]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise BadRoster(f"{path} has two rows for {twice[0]}. Delete one.")
    return rows


def class_members(record: ClassRecord, roster: Sequence[Row] | None) -> dict[str, Row]:
    """Return {member: site columns} of a class, ordered by id."""
    members: dict[str, dict[str, str]] = {}
    for outcome in record.outcomes:
        for member in outcome.entry.members:
            members.setdefault(member, {}).update(outcome.entry.lms.get(member, {}))
    for member, columns in record.missing.items():
        members.setdefault(member, {}).update(columns)
    owners = {key: member for member, columns in members.items() for key in _keys(columns)}
    owners |= {(STUDENT, member): member for member in members}
    for row in roster or ():
        values = [row[name] for name in (STUDENT, *IDENTIFYING) if row.get(name)]
        ids = [*values, *(student_id(value).value for value in values)]
        keys = [(STUDENT, row.get(STUDENT, "")), *_keys(row), *((STUDENT, id) for id in ids)]
        owner = next((owners[key] for key in keys if key in owners), None)
        owner = owner or _with_zeros(row, members)
        if owner is None:
            owner = row.get(STUDENT) or student_id(_own_name(row)).value
        columns = {name: value for name, value in row.items() if name != STUDENT and value}
        members[owner] = {**columns, **members.get(owner, {})}
    return dict(sorted(members.items()))


def _with_zeros(row: Row, members: Iterable[str]) -> str | None:
    """Return the only member whose id is the row's without the zeros before it.

    A spreadsheet program turns 00123 into the number 123.
    """
    number = row.get(STUDENT, "")
    if not number.isdecimal():
        return None
    matches = [m for m in members if m.isdecimal() and m.lstrip("0") == number.lstrip("0")]
    return matches[0] if len(matches) == 1 else None


def _keys(columns: Row) -> Iterator[tuple[str, str]]:
    """Yield the identifying columns of a student with their values."""
    for name in IDENTIFYING:
        if value := columns.get(name):
            yield name, plain_student(value.removeprefix(MOODLE_PARTICIPANT)).casefold()


def _own_name(row: Row) -> str:
    """Return an id for a student who is not in the export: the login, else a number."""
    names = ("SIS Login ID", "Username", "SIS User ID", "Identifier", "Email address", "Email")
    return next((row[name] for name in (*names, "ID") if row.get(name)), "")


def _values(row: Mapping[str | None, str | None]) -> Row:
    """Return the values of a row, stripped; the student's id as the submissions have it."""
    values = {name.strip(): (value or "").strip() for name, value in row.items() if name}
    if values.get(STUDENT):
        values[STUDENT] = student_id(values[STUDENT]).value
    return values


def _in_english(row: Row) -> Row:
    """Return a row of a German worksheet under its English columns; any other row as it is."""
    number = row.get("ID", "").removeprefix(_GERMAN_PARTICIPANT).strip()
    if "Zuletzt geändert (Abgabe)" not in row or number == row.get("ID"):
        return row
    return {_GERMAN.get(name, name): value for name, value in row.items()} | {
        "Identifier": MOODLE_PARTICIPANT + number
    }


def _is_student(row: Row) -> bool:
    named = any(row.get(name) for name in (STUDENT, *IDENTIFYING))
    return named and row.get("Student") not in _NO_STUDENT
