"""Names and ids of students are removed from answers; other words and numbers stay."""

import pytest

from autograder.desk.blind import identifying_words, without_names
from autograder.platforms.export_entry import ExportEntry
from quantlab.intake.names import student_id


def shown(text: str, student: str = "ada", path: str = "", **columns: str) -> str:
    """The text of a student, as the desk shows it."""
    entry = ExportEntry(student, path or student, (student,), lms={student: columns})
    return without_names(text, identifying_words(entry))


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        ({"ID": "128"}, "A batch of 128 images"),
        ({"Section": "Quantization"}, "Quantization costs little"),
        ({"Status": "Submitted"}, "Submitted are two tables"),
        ({"Identifier": "Participant 12345"}, "A Participant"),
    ],
)
def test_without_names_keeps_what_names_no_student(columns, text):
    assert shown(text, **columns) == text


def test_without_names_keeps_words_of_the_path_in_the_export():
    path = "Quantization_ada_attempt_2026-01-05"
    assert shown("Quantization by ada", path=path) == "Quantization by …"


@pytest.mark.parametrize(
    ("student", "path", "columns", "text"),
    [
        ("s1", "s1", {"Student": "Lovelace, Ada", "ID": "12845"}, "… and …"),
        ("p", "Ada Lovelace_1", {"Full name": "Ada Lovelace"}, "… and 12845"),
    ],
)
def test_without_names_removes_names_and_ids(student, path, columns, text):
    assert shown("Lovelace and 12845", student, path, **columns) == text


def test_without_names_removes_the_folder_that_is_the_id_as_written():
    student = student_id("Ada Łovelace").value
    assert shown("By Ada Łovelace, or Łovelace", student, "Ada Łovelace.zip") == "By …, or …"
