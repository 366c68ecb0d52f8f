"""A table is read whichever way a spreadsheet program saved it, or the line is named."""

from pathlib import Path

import pytest

from autograder.course.manual_scores import read_manual_scores
from autograder.course.policy import PolicyError
from autograder.course.roster import BadRoster, class_members, join_roster, read_roster
from autograder.staff_table import BadTable, read_staff_table
from tests.class_outputs.people import a_record, a_report, an_outcome

PLAIN = "student,Section,Full name\r\nada,Übung 1,Zoë Ålund\r\nbob,Übung 2,B\r\n"


def _saved(folder: Path, content: str | bytes, name: str = "roster.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode("utf-8-sig"),
        PLAIN.replace(",", ";").encode("cp1252"),
        PLAIN.replace(",", "\t").encode("utf-16"),
        PLAIN.replace(",", "\t").encode("utf-16-le"),
        ("sep=;\r\n" + PLAIN.replace(",", ";")).encode(),
        PLAIN.replace("\r\n", ",,\r\n").encode() + b",,,,\r\n,,,,\r\n",
        PLAIN.replace("\r\n", "\r").encode(),
        ("\r\n\r\n" + PLAIN + PLAIN.splitlines()[0] + "\r\n").encode(),
        PLAIN.replace("Section", "Section,Section").replace("Übung 1", "Übung 1,Übung 1")
        .replace("Übung 2", "Übung 2,Übung 2").encode(),
    ],
)  # fmt: skip
def test_read_staff_table_reads_what_spreadsheet_programs_save(
    content: bytes, tmp_path: Path
) -> None:
    table = read_staff_table(_saved(tmp_path, content))
    assert [dict(row.values) for row in table.rows] == [
        {"student": "ada", "Section": "Übung 1", "Full name": "Zoë Ålund"},
        {"student": "bob", "Section": "Übung 2", "Full name": "B"},
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("student,name\nada,A\nbob,B,extra\n", "line 3: 'extra' is in a column without a heading"),
        ("student,,name\nada,x,A\n", "line 2: 'x' is in a column without a heading"),
        ("student,ID,ID\nada,1,1\nbob,2,3\n", "line 3: the heading ID occurs twice"),
        (b"student,name\nada,\x81\n", "neither UTF-8 nor Windows text"),
    ],
)
def test_read_staff_table_names_the_line_and_the_value(
    text: str | bytes, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(BadTable, match=sentence):
        read_staff_table(_saved(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("student,ID\nada,1.23E+08\n", r"line 2: ID is 1.23E\+08, a number that"),
        ("student;ID\nada;7\n1,23E+08;8\n", r"line 3: student is 1,23E\+08, a number that"),
        ("student,name\nada,A\n,Total: 2\n", "line 3: the row that begins with 'Total: 2' has"),
    ],
)
def test_read_roster_names_the_row_without_a_usable_id(
    text: str, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(BadRoster, match=sentence):
        read_roster(_saved(tmp_path, text))


def test_join_roster_finds_site_numbers_without_their_zeros(tmp_path: Path) -> None:
    record = a_record(an_outcome(a_report("ada"), lms={"ada": {"SIS User ID": "00123"}}))
    members = class_members(
        record, read_roster(_saved(tmp_path, "SIS User ID,Section\n123,Autumn\n"))
    )
    assert members == {"ada": {"SIS User ID": "00123", "Section": "Autumn"}}


def test_join_roster_refuses_a_row_that_fits_two_students(tmp_path: Path) -> None:
    record = a_record(
        an_outcome(a_report("ada"), lms={"ada": {"ID": "17"}}),
        an_outcome(a_report("bob"), lms={"bob": {"SIS Login ID": "b@x.edu"}}),
    )
    rows = read_roster(_saved(tmp_path, "ID,SIS Login ID\n17,b@x.edu\n"))
    with pytest.raises(BadRoster, match=r"line 2: the row fits ada and bob. Enter one"):
        join_roster(record, rows)


def test_join_roster_refuses_two_rows_for_one_student(tmp_path: Path) -> None:
    record = a_record(an_outcome(a_report("ada"), lms={"ada": {"ID": "17", "Email": "a@x.edu"}}))
    rows = read_roster(_saved(tmp_path, "ID,Email\n17,\n,a@x.edu\n"))
    with pytest.raises(BadRoster, match=r"lines 2 and 3: both are for ada"):
        join_roster(record, rows)


def test_join_roster_returns_names_as_the_roster_spells_them(tmp_path: Path) -> None:
    columns = {"alundzoe_17": {"Student": "alundzoe", "ID": "17"}}
    record = a_record(an_outcome(a_report("alundzoe_17"), lms=columns))
    rows = read_roster(_saved(tmp_path, 'Student,ID,Section\n"Ålund, Zoë",17,A\n'))
    assert class_members(record, rows)["alundzoe_17"]["Student"] == "Ålund, Zoë"


def test_read_manual_scores_finds_ids_without_their_zeros(tmp_path: Path) -> None:
    record = a_record(an_outcome(a_report("007")), an_outcome(a_report("ada")))
    text = "student;check;points;;\r\n7;1b.explanation;3,5;;\r\n;;;;\r\n"
    path = _saved(tmp_path, text.encode("utf-16"), "manual.csv")
    assert [*read_manual_scores([path], record)] == [("007", "1b.explanation")]


def test_read_manual_scores_refuses_an_id_that_fits_two_students(tmp_path: Path) -> None:
    record = a_record(an_outcome(a_report("007")), an_outcome(a_report("07")))
    path = _saved(tmp_path, "student,check,points\n7,1b.explanation,3\n", "manual.csv")
    with pytest.raises(PolicyError, match=r"manual.csv, line 2: 7 fits 007 and 07"):
        read_manual_scores([path], record)


def test_read_manual_scores_refuses_a_shortened_number(tmp_path: Path) -> None:
    record = a_record(an_outcome(a_report("123456789"), members=("123456789",)))
    path = _saved(tmp_path, "student,check,points\n1.23E+08,1b.explanation,3\n", "manual.csv")
    with pytest.raises(PolicyError, match=r"line 2: student is 1.23E\+08"):
        read_manual_scores([path], record)
