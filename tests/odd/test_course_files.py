"""Files of a course as spreadsheet programs, Notepad and Rails save them."""

import zipfile
from pathlib import Path

import pytest

from autograder.course.class_record import Outcome
from autograder.course.course_file import PolicyError, load_policy
from autograder.course.manual_scores import read_manual_scores
from autograder.course.roster import BadRoster, class_members, read_roster
from autograder.platforms.open_export import read_export
from tests.class_outputs.people import a_record, a_report, an_entry

BOM = "\ufeff"
METADATA = """---
submission_301:
  :submitters:
  - :name: Ada Lovelace
    :sid: '00301'
    :email: ada@uni.edu
  :created_at: !ruby/object:ActiveSupport::TimeWithZone
    utc: 2026-10-20 21:00:11.000000000 Z
    zone: !ruby/object:ActiveSupport::TimeZone
      name: America/Los_Angeles
    time: 2026-10-20 14:00:11.000000000 Z
  :tags: !ruby/array:Tags
  - !ruby/symbol late
"""


def _members(*students: str):
    outcomes = [Outcome(an_entry(student), a_report(student)) for student in students]
    return a_record(*outcomes)


def test_course_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "course.toml").write_text(f'{BOM}title = "Lab"\n', encoding="utf-8")
    assert load_policy(tmp_path / "course.toml").title == "Lab"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_roster_may_have_any_delimiter_and_blank_last_rows(tmp_path: Path, delimiter: str) -> None:
    lines = ["student;name", "ada;Ada L", "bob;Bob B", "00123;C", "007;D", ";", ";", ""]
    path = tmp_path / "roster.csv"
    path.write_text(BOM + "\r\n".join(lines).replace(";", delimiter), encoding="utf-8")
    assert [row.student for row in read_roster(path)] == ["ada", "bob", "00123", "007"]


def test_roster_finds_students_whose_zeros_a_spreadsheet_removed(tmp_path: Path) -> None:
    path = tmp_path / "roster.csv"
    path.write_text("student,name\nada,Ada\nbob,Bob\n123,C\n7,D\n")
    members = class_members(_members("ada", "bob", "00123", "007"), read_roster(path))
    assert sorted(members) == ["00123", "007", "ada", "bob"]
    assert members["007"]["name"] == "D"


def test_roster_does_not_choose_between_ids_that_differ_in_zeros(tmp_path: Path) -> None:
    path = tmp_path / "roster.csv"
    path.write_text("student,name\n7,D\n")
    with pytest.raises(BadRoster, match=r"roster.csv, line 2: the row fits 007 and 07"):
        class_members(_members("007", "07"), read_roster(path))


@pytest.mark.parametrize("last", [",,,", ";;;", ""])
def test_manual_scores_may_have_blank_rows_and_a_decimal_comma(tmp_path: Path, last: str) -> None:
    delimiter = ";" if ";" in last else ","
    points = "3,5" if delimiter == ";" else "3.5"
    rows = ["student,check,points,comment", "ada,1b.explanation,POINTS,fine"]
    text = "\n".join(row.replace(",", delimiter) for row in rows).replace("POINTS", points)
    path = tmp_path / "manual.csv"
    path.write_text(f"{BOM}{text}\n{last}\n{last}\n", encoding="utf-8")
    scores = read_manual_scores([path], _members("ada"))
    assert scores["ada", "1b.explanation"].points == 3.5
    assert len(scores) == 1


def test_manual_scores_still_refuse_a_row_without_a_student(tmp_path: Path) -> None:
    path = tmp_path / "manual.csv"
    path.write_text("student,check,points,comment\n,1b.explanation,3,\n")
    with pytest.raises(PolicyError, match="line 2"):
        read_manual_scores([path], _members("ada"))


def test_gradescope_export_may_contain_tags_of_ruby(tmp_path: Path) -> None:
    path = tmp_path / "gradescope.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("export/submission_metadata.yml", METADATA)
        archive.writestr("export/submission_301/solution.py", "x = 1\n")
    with read_export(path) as export:
        (entry,) = export.entries
        assert (export.source, entry.student) == ("gradescope", "ada")
        assert entry.submitted == "2026-10-20T21:00:11+00:00"
        assert export.submission(entry).solution == "x = 1\n"
