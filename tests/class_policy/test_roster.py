"""A roster tells who is who, in its own form and in those of Canvas and Moodle."""

from pathlib import Path

from autograder.course.class_record import Outcome
from autograder.course.lateness import WORKSHEET_TIME
from autograder.course.roster import RosterRow, class_members, read_roster
from tests.class_outputs.people import a_record, a_report, an_entry

CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,Quantization (4711)
    Points Possible,,,,,140
"Lovelace, Ada",70001,x1,ada@example.org,Autumn,
"Hopper, Grace",70002,x2,grace@example.org,Autumn,
"Student, Test",99999,,,Autumn,
"""
MOODLE = "Identifier,Full name,Email address,Grade\nParticipant 123,Ada Lovelace,ada@example.org,\n"


def _rows(folder: Path, text: str) -> tuple[RosterRow, ...]:
    path = folder / "roster.csv"
    path.write_text(text, encoding="utf-8")
    return read_roster(path)


def _outcome(student: str, **columns: str) -> Outcome:
    return Outcome(an_entry(student, lms={student: columns}), a_report(student))


def test_class_members_adds_columns_of_a_canvas_gradebook(tmp_path: Path) -> None:
    record = a_record(_outcome("lovelaceada", ID="70001"))
    members = class_members(record, _rows(tmp_path, CANVAS))
    assert members["lovelaceada"]["SIS Login ID"] == "ada@example.org"
    assert len(members) == 2
    missing = next(columns for member, columns in members.items() if member != "lovelaceada")
    assert missing["Student"] == "Hopper, Grace"


def test_class_members_adds_columns_of_a_moodle_worksheet(tmp_path: Path) -> None:
    record = a_record(_outcome("ada-lovelace", Identifier="123"))
    members = class_members(record, _rows(tmp_path, MOODLE))
    assert members["ada-lovelace"]["Email address"] == "ada@example.org"
    assert len(members) == 1


def test_class_members_adds_columns_of_a_german_moodle_worksheet(tmp_path: Path) -> None:
    text = (
        'ID,"Vollständiger Name",E-Mail-Adresse,Status,Bewertung,Bestwertung,'
        '"Bewertung kann geändert werden","Zuletzt geändert (Abgabe)",'
        '"Zuletzt geändert (Bewertung)","Feedback als Kommentar"\n'
        'Teilnehmer/in123,"Ada Lovelace",ada@example.org,"Zur Bewertung abgegeben -  - ",,'
        '"100,00",Ja,"Dienstag, 2. Dezember 2025, 10:37",-,\n'
    )
    record = a_record(_outcome("ada-lovelace", Identifier="Participant 123"))
    members = class_members(record, _rows(tmp_path, text))
    assert list(members) == ["ada-lovelace"]
    assert members["ada-lovelace"]["Email address"] == "ada@example.org"
    assert members["ada-lovelace"][WORKSHEET_TIME] == "Dienstag, 2. Dezember 2025, 10:37"


def test_class_members_matches_an_id_that_is_a_login(tmp_path: Path) -> None:
    record = a_record(_outcome("ada@example.org"))
    assert class_members(record, _rows(tmp_path, CANVAS))["ada@example.org"]["ID"] == "70001"


def test_class_members_prefers_the_export_to_the_roster(tmp_path: Path) -> None:
    record = a_record(_outcome("ada", Section="Spring"))
    members = class_members(
        record, _rows(tmp_path, "student,Section,Email\nada,Autumn,a@example.org\n")
    )
    assert members == {"ada": {"Section": "Spring", "Email": "a@example.org"}}


def test_class_members_keeps_numbers_of_different_columns_apart(tmp_path: Path) -> None:
    record = a_record(_outcome("ada", **{"SIS User ID": "17"}), _outcome("grace", ID="17"))
    members = class_members(record, _rows(tmp_path, "ID,Section\n17,Autumn\n"))
    assert members["grace"]["Section"] == "Autumn"
    assert "Section" not in members["ada"]


def test_class_members_takes_no_export_number_for_an_id(tmp_path: Path) -> None:
    record = a_record(_outcome("ada", **{"SIS User ID": "17"}))
    members = class_members(record, _rows(tmp_path, "ID,Section\n17,Autumn\n"))
    assert members == {"ada": {"SIS User ID": "17"}, "17": {"ID": "17", "Section": "Autumn"}}
