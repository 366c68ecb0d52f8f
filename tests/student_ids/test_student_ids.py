"""An id is one text however it was typed: notebook, answers.json, roster, folder."""

import unicodedata
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.course.class_record import Outcome
from autograder.course.course_file import load_policy
from autograder.course.manual_scores import read_manual_scores
from autograder.course.roster import class_members, read_roster
from autograder.platforms.gradescope_harness import student_of
from quantlab.data.student_vectors import student_vectors
from quantlab.formats.answers import Answers, to_text
from quantlab.formats.answers_file import AnswersFile
from quantlab.formats.parse_answers import parse
from quantlab.intake.names import student_id
from quantlab.student_ids import plain_student
from tests.class_outputs.people import a_record, a_report, an_entry

PEOPLE = {  # an id, and other ways in which the same person may type or export it
    "2023001": (2023001, 2023001.0, "2023001.0", "２０２３００１", "٢٠٢٣٠٠١", "۲۰۲۳۰۰۱", "२०२३००१"),
    "0012345": ("0012345", "\u200e0012345\u200f", "\u202d0012345\u202c", "\ufeff0012345\n"),
    "ada.lovelace@uni.edu": ("Ada.Lovelace@UNI.EDU", "ａda.lovelace＠uni.edu"),
    "Zoë Ångström": ("Zoe\u0308 A\u030angstro\u0308m", "Zoë\xa0 Ångström", "Zoë\u00ad Ångström"),
    "Nguyễn Thị Ánh": (unicodedata.normalize("NFD", "Nguyễn Thị Ánh"), "Nguyễn  Thị\tÁnh"),
    "محمد علی": ("\u200fمحمد علی\u200f", "\u2067محمد علی\u2069"),
    "דוד כהן": ("\u202bדוד כהן\u202c", "דוד  כהן"),
    "山田太郎": ("山田太郎\u200b", "\u3000山田太郎"),
    "ヤマダ": ("ﾔﾏﾀﾞ", "ヤマタ\u3099"),
    "김민준": (unicodedata.normalize("NFD", "김민준"),),
    "İlker Yıldız": ("I\u0307lker Yıldız", "İlker\u2009Yıldız"),
    "Олександр Й": ("Олександр И\u0306",),
}  # fmt: skip
DIFFERENT = (
    ("ada", "Ada"),  # logins of one site may differ in case alone
    ("İlker", "Ilker"),
    ("Yıldız", "Yildiz"),
    ("Zoë", "Zoe"),
    ("0012345", "12345"),
    ("1.5", "1"),
    ("u1.0", "u1"),
)
FORMS = [(plain, form) for plain, forms in PEOPLE.items() for form in (plain, *forms)]


@pytest.mark.parametrize(("plain", "form"), FORMS)
def test_plain_student_reads_every_form_of_an_id_alike(plain: str, form: object) -> None:
    assert plain_student(form) == plain


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_plain_student_keeps_different_ids_apart(one: str, other: str) -> None:
    assert plain_student(one) != plain_student(other)
    assert student_id(one).value != student_id(other).value


@pytest.mark.parametrize("entered", [None, True, 1.5, 1e300, float("nan"), [], "\u200f ", b"ada"])
def test_plain_student_returns_nothing_for_what_is_no_id(entered: object) -> None:
    assert plain_student(entered) == ""


@settings(deadline=None, max_examples=500)
@given(st.text(st.characters(), max_size=20))
def test_plain_student_changes_nothing_twice(text: str) -> None:
    plain = plain_student(text)
    assert plain_student(plain) == plain
    assert student_id(text).value == student_id(plain).value


@pytest.mark.parametrize("plain", ["2023001", "ada.lovelace@uni.edu", "محمد علی"])
def test_vectors_and_answers_are_the_same_for_every_form(plain: str, tmp_path: Path) -> None:
    expected = student_vectors(plain)["A"]
    for place, form in enumerate(PEOPLE[plain]):
        assert torch.equal(student_vectors(form)["A"], expected)  # type: ignore[arg-type]
        assert parse(to_text(Answers(str(form), "cifar10"))).student == plain
        file = AnswersFile(tmp_path / f"{place}.json", str(form), "CIFAR-10")
        file.record_mse("A", "sym", 8, 0.5)
        assert AnswersFile(file.path, plain, "CIFAR-10").read().mse["A"]["sym"][8] == 0.5


@pytest.mark.parametrize(("plain", "form"), FORMS)
def test_class_files_find_the_student_of_a_submission(
    plain: str, form: object, tmp_path: Path
) -> None:
    """A roster, manual scores and course.toml with one form, the export with another."""
    member = student_id(plain).value
    record = a_record(Outcome(an_entry(member), a_report(member)))
    roster = tmp_path / "roster.csv"
    text = str(form).strip()
    roster.write_text(f"student;Section\n{text};Autumn\n", encoding="utf-8")
    assert class_members(record, read_roster(roster)) == {member: {"Section": "Autumn"}}
    manual = tmp_path / "manual.csv"
    manual.write_text(f"student;check;points\n{text};1b.explanation;2\n", encoding="utf-8")
    assert list(read_manual_scores([manual], record)) == [(member, "1b.explanation")]
    course = tmp_path / "course.toml"
    course.write_text(
        f'deadline = 2026-10-30T23:59:00Z\nexcused = ["{text}"]\n'
        f'[extensions]\n"{text}" = 2026-11-30T23:59:00Z\n',
        encoding="utf-8",
    )
    policy = load_policy(course)
    assert policy.excused == {member}
    assert policy.deadline_of(member) != policy.deadline
    assert student_of(["somebody", text], plain) == plain


def test_class_members_matches_an_address_in_another_case(tmp_path: Path) -> None:
    member = student_id("Ada@Uni.edu").value
    record = a_record(Outcome(an_entry(member), a_report(member)))
    roster = tmp_path / "roster.csv"
    roster.write_text("Email,Section\nada@uni.EDU,Autumn\n")
    assert list(class_members(record, read_roster(roster))) == [member]
