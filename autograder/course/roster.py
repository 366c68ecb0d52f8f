"""Read the roster: a table of the students of a course and their ids on the course site.

It has one row per student under a heading row. The column `student` is the id that a submission is
graded under; all other columns are written to gradebooks unchanged. Two exports can be used as they
are: Canvas's gradebook (identified by `ID`, `SIS User ID`, `SIS Login ID`) and Moodle's grading
worksheet (`Identifier`), in English or German. A row belongs to the student with the same value in
one of these columns of the export, or with that id; else to the only one whose id is the same
without the zeros that a spreadsheet program removes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.course.class_record import ClassRecord
from autograder.errors import AutograderError
from autograder.platforms.moodle import MOODLE_PARTICIPANT
from autograder.platforms.moodle_worksheet import in_english
from autograder.staff_table import BadTable, StaffRow, read_staff_table, refuse_scientific
from quantlab.intake.names import quote_name, student_id
from quantlab.student_ids import plain_student

Row = Mapping[str, str]
_Key = tuple[str, str]  # a column, and a value in it

STUDENT = "student"
IDENTIFYING = (
    *("ID", "SIS User ID", "SIS Login ID"),  # Canvas
    *("Identifier", "Email address", "Username"),  # Moodle, Blackboard
    *("Email", "SID"),  # Gradescope
)
_NAMES = ("Student", "Full name", "Name")  # exports shorten them or change their letters
_NO_STUDENT = ("Points Possible", "Student, Test")  # rows of Canvas's export without a student
_CANVAS_NOTES = ("Manual Posting", "Muted", "(read only)")  # of columns, in a row of their own


class BadRoster(AutograderError):
    """The roster can't be used; the message says where and why."""


@dataclass(frozen=True)
class RosterRow:
    """Hold one row of a roster: the name of its file, its line there, its values by heading."""

    table: str
    line: int
    values: Row

    @property
    def student(self) -> str:
        """Return the id in the column `student`, "" if there is none."""
        return self.values.get(STUDENT, "")


def read_roster(path: Path) -> tuple[RosterRow, ...]:
    """Return the rows of a roster, values stripped.

    Raises:
        BadRoster: the file can't be read, has no rows or no identifying column, has two rows for
            one student, or a row does not identify a student.
    """
    try:
        table = read_staff_table(path)
        if not any(name in table.headings for name in (STUDENT, *IDENTIFYING)):
            raise BadRoster(
                f"{path} has no column that identifies students. Add {STUDENT}, or one of "
                f"{', '.join(IDENTIFYING)}."
            )
        rows = tuple(_student_row(row, table.name) for row in table.rows if _is_student(row.values))
    except BadTable as problem:
        raise BadRoster(str(problem)) from problem
    if not rows:
        raise BadRoster(f"{path} has no students. Add a row per student below the headings.")
    first: dict[str, RosterRow] = {}
    for row in rows:
        if row.student and first.setdefault(row.student, row) is not row:
            lines = f"{row.table}, lines {first[row.student].line} and {row.line}"
            raise BadRoster(f"{lines}: both are for {row.student}. Delete one.")
    return rows


@dataclass(frozen=True)
class JoinedRoster:
    """Hold {member: site columns} of a class, ordered by id, and the members of the roster."""

    members: Mapping[str, Row]
    listed: frozenset[str] = field(default_factory=frozenset)


def class_members(record: ClassRecord, roster: Sequence[RosterRow] | None) -> Mapping[str, Row]:
    """Return {member: site columns} of a class, ordered by id. Raise `BadRoster`."""
    return join_roster(record, roster).members


def join_roster(record: ClassRecord, roster: Sequence[RosterRow] | None) -> JoinedRoster:
    """Join the rows of a roster to the students of an export.

    Raises:
        BadRoster: a row fits two students, or two rows fit one.
    """
    members: dict[str, dict[str, str]] = {}
    for outcome in record.outcomes:
        for member in outcome.entry.members:
            members.setdefault(member, {}).update(outcome.entry.lms.get(member, {}))
    for member, columns in record.missing.items():
        members.setdefault(member, {}).update(columns)
    exported = {member: dict(columns) for member, columns in members.items()}
    index = _Index(exported)
    joined: dict[str, RosterRow] = {}
    for row in roster or ():
        owner = index.owner(row) or row.student or student_id(_own_name(row.values)).value
        _refuse_second_row(owner, joined.setdefault(owner, row), row)
        columns = {name: value for name, value in row.values.items() if name != STUDENT and value}
        names = {name: columns[name] for name in _NAMES if name in columns}
        members[owner] = {**columns, **exported.get(owner, {}), **names}
    return JoinedRoster(dict(sorted(members.items())), frozenset(joined))


class _Index:
    """Finds the student of a roster row among the students of an export."""

    def __init__(self, members: Mapping[str, Row]) -> None:
        self._owners: dict[_Key, set[str]] = {}
        self._numbers: dict[_Key, set[str]] = {}
        for member, columns in members.items():
            for key in ((STUDENT, member), *_keys(columns)):
                self._owners.setdefault(key, set()).add(member)
                if number := _number(key):
                    self._numbers.setdefault(number, set()).add(member)

    def owner(self, row: RosterRow) -> str | None:
        """Return the id of the row's student, None for one who is not in the export."""
        own = [(STUDENT, row.student), *_keys(row.values)]
        values = [row.values[name] for name in (STUDENT, *IDENTIFYING) if row.values.get(name)]
        ids = [(STUDENT, id) for value in values for id in (value, student_id(value).value)]
        for keys, owners in (
            (own, self._owners),
            (ids, self._owners),
            (filter(None, map(_number, own)), self._numbers),
        ):
            fitting = sorted(set().union(*(owners.get(key, ()) for key in keys)))
            if len(fitting) > 1:
                raise BadRoster(
                    f"{row.table}, line {row.line}: the row fits {' and '.join(fitting)}. Enter "
                    f"one of these ids in a column {STUDENT}."
                )
            if fitting:
                return fitting[0]
        return None


def _number(key: _Key) -> _Key | None:
    """Return the key without the zeros before its number, None for any other value."""
    name, value = key
    return (name, value.lstrip("0")) if value.isdecimal() else None


def _refuse_second_row(owner: str, first: RosterRow, row: RosterRow) -> None:
    if first is not row and any(
        first.values.get(name, "") != row.values.get(name, "") for name in (STUDENT, *IDENTIFYING)
    ):
        raise BadRoster(
            f"{row.table}, lines {first.line} and {row.line}: both are for {owner}. Correct the "
            "ids, or delete one."
        )


def _keys(columns: Row) -> Iterator[tuple[str, str]]:
    """Yield the identifying columns of a student with their values."""
    for name in IDENTIFYING:
        if value := columns.get(name):
            yield name, plain_student(value.removeprefix(MOODLE_PARTICIPANT)).casefold()


def _own_name(row: Row) -> str:
    """Return an id for a student who is not in the export: the login, else a number."""
    names = ("SIS Login ID", "Username", "SIS User ID", "Identifier", "Email address", "Email")
    return next((row[name] for name in (*names, "ID") if row.get(name)), "")


def _student_row(row: StaffRow, table: str) -> RosterRow:
    """Return a student's row, with the id as the submissions have it."""
    for name in (STUDENT, *IDENTIFYING):
        refuse_scientific(table, row, name)
    if not any(row.values.get(name) for name in (STUDENT, *IDENTIFYING)):
        value = next(filter(None, row.values.values()))
        raise BadTable(
            f"{table}, line {row.line}: the row that begins with {quote_name(value)} has no id. "
            "Enter one, or delete the row."
        )
    values = dict(row.values)
    if values.get(STUDENT):
        values[STUDENT] = student_id(values[STUDENT]).value
    return RosterRow(table, row.line, in_english(values))


def _is_student(row: Row) -> bool:
    """Return whether a row is a student's; Canvas's export has others."""
    if row.get("Student") in _NO_STUDENT:
        return False
    values = [value for value in row.values() if value]
    return not all(value.startswith(_CANVAS_NOTES) for value in values)
