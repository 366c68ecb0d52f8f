"""A roster tells who is who, in its own form and in those of Canvas and Moodle."""

from pathlib import Path

from autograder.course.class_record import Outcome
from autograder.course.lateness import WORKSHEET_TIME
from autograder.course.roster import class_members, read_roster
from tests.class_outputs.people import a_record, a_report, an_entry

CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,Quantization (4711)
    Points Possible,,,,,140
"Lovelace, Ada",70001,x1,ada@example.org,Autumn,
"Hopper, Grace",70002,x2,grace@example.org,Autumn,
"Student, Test",99999,,,Autumn,
"""
MOODLE = "Identifier,Full name,Email address,Grade\nParticipant 123,Ada Lovelace,ada@example.org,\n"


def _rows(folder: Path, text: str) -> tuple[dict[str, str], ...]:
    path = folder / "roster.csv"
    path.write_text(text, encoding="utf-8")
    return tuple(dict(row) for row in read_roster(path))


def _outcome(student: str, **columns: str) -> Outcome:
    return Outcome(an_entry(student, lms={student: columns}), a_report(student))


def test_canvas_s_gradebook_export_completes_what_its_submissions_know(tmp_path: Path) -> None:
    record = a_record(_outcome("lovelaceada", ID="70001"))
    found = class_members(record, _rows(tmp_path, CANVAS))
    assert found["lovelaceada"]["SIS Login ID"] == "ada@example.org"
    assert len(found) == 2
    missing = next(columns for member, columns in found.items() if member != "lovelaceada")
    assert missing["Student"] == "Hopper, Grace"


def test_moodle_s_worksheet_completes_what_its_submissions_know(tmp_path: Path) -> None:
    record = a_record(_outcome("ada-lovelace", Identifier="123"))
    found = class_members(record, _rows(tmp_path, MOODLE))
    assert found["ada-lovelace"]["Email address"] == "ada@example.org"
    assert len(found) == 1


def test_roster_reads_a_worksheet_of_a_german_moodle(tmp_path: Path) -> None:
    text = (
        'ID,"Vollständiger Name",E-Mail-Adresse,Status,Bewertung,Bestwertung,'
        '"Bewertung kann geändert werden","Zuletzt geändert (Abgabe)",'
        '"Zuletzt geändert (Bewertung)","Feedback als Kommentar"\n'
        'Teilnehmer/in123,"Ada Lovelace",ada@example.org,"Zur Bewertung abgegeben -  - ",,'
        '"100,00",Ja,"Dienstag, 2. Dezember 2025, 10:37",-,\n'
    )
    record = a_record(_outcome("ada-lovelace", Identifier="Participant 123"))
    found = class_members(record, _rows(tmp_path, text))
    assert list(found) == ["ada-lovelace"]
    assert found["ada-lovelace"]["Email address"] == "ada@example.org"
    assert found["ada-lovelace"][WORKSHEET_TIME] == "Dienstag, 2. Dezember 2025, 10:37"


def test_an_id_may_be_a_login(tmp_path: Path) -> None:
    record = a_record(_outcome("ada@example.org"))
    assert class_members(record, _rows(tmp_path, CANVAS))["ada@example.org"]["ID"] == "70001"


def test_what_the_export_says_comes_before_the_roster(tmp_path: Path) -> None:
    record = a_record(_outcome("ada", Section="Spring"))
    found = class_members(
        record, _rows(tmp_path, "student,Section,Email\nada,Autumn,a@example.org\n")
    )
    assert found == {"ada": {"Section": "Spring", "Email": "a@example.org"}}


def test_numbers_of_different_columns_are_not_confused(tmp_path: Path) -> None:
    record = a_record(_outcome("ada", **{"SIS User ID": "17"}), _outcome("grace", ID="17"))
    found = class_members(record, _rows(tmp_path, "ID,Section\n17,Autumn\n"))
    assert found["grace"]["Section"] == "Autumn"
    assert "Section" not in found["ada"]


def test_a_number_of_the_export_is_no_id(tmp_path: Path) -> None:
    record = a_record(_outcome("ada", **{"SIS User ID": "17"}))
    found = class_members(record, _rows(tmp_path, "ID,Section\n17,Autumn\n"))
    assert found == {"ada": {"SIS User ID": "17"}, "17": {"ID": "17", "Section": "Autumn"}}
