"""Marks by hand are merged, bounded, and never overwritten, wherever they come from."""

from pathlib import Path

import pytest

from autograder.course.class_record import ClassRecord
from autograder.course.manual import ManualMark, ManualMarks, read_manual
from autograder.course.policy import Policy, PolicyError, apply
from autograder.engine.record import Verdict
from autograder.platforms.nbgrader_gradebook import (
    CellMark,
    GradebookRow,
    GradedCell,
    write_gradebook,
)
from tests.class_outputs.people import AUTOMATIC_POINTS, a_record, a_report, an_outcome

HEAD = "student,check,points,comment\n"


@pytest.fixture
def record() -> ClassRecord:
    return a_record(an_outcome(a_report("ada")), an_outcome(a_report("grace")))


def _table(folder: Path, text: str, name: str = "marks.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def _gradebook(folder: Path, *rows: GradebookRow) -> Path:
    path = folder / "gradebook.db"
    cells = [GradedCell("auto-1a", 30, False), GradedCell("written-1b", 4, True)]
    write_gradebook(path, cells, rows)
    return path


def test_a_table_is_read_with_its_places(tmp_path: Path, record: ClassRecord) -> None:
    path = _table(
        tmp_path, HEAD + 'ada,1b.explanation,3.5,"Says what, and why"\ngrace,1c.comparison,7\n'
    )
    assert read_manual([path], record) == {
        ("ada", "1b.explanation"): ManualMark(3.5, "Says what, and why", "marks.csv, line 2"),
        ("grace", "1c.comparison"): ManualMark(7, "", "marks.csv, line 3"),
    }


def test_a_row_that_is_not_filled_in_yet_is_passed_over(
    tmp_path: Path, record: ClassRecord
) -> None:
    assert read_manual([_table(tmp_path, HEAD + "ada,1b.explanation,,\n")], record) == {}


def test_a_table_from_a_spreadsheet_is_read(tmp_path: Path, record: ClassRecord) -> None:
    text = '\ufeffstudent,check,points\r\nada,1b.explanation,"3,5"\r\n'
    (mark,) = read_manual([_table(tmp_path, text)], record).values()
    assert mark.points == 3.5


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("ada,1b.explanation,four,\n", "'four' is no number of points"),
        ("ada,1b.explanation,-1,\n", "'-1' is no number of points"),
        ("ada,1b.explanation,inf,\n", "'inf' is no number of points"),
        ("ada,,3,\n", "line 2 needs a student, a check, points"),
        ("ada,1b.explanation,3,good,more\n", "and no more than that"),
        ("ada,1b.explanation,3,\nada,1b.explanation,4,\n", "Keep the one that is meant"),
    ],
)
def test_a_slip_in_a_table_is_a_sentence(
    rows: str, said: str, tmp_path: Path, record: ClassRecord
) -> None:
    with pytest.raises(PolicyError, match=said):
        read_manual([_table(tmp_path, HEAD + rows)], record)


@pytest.mark.parametrize("text", ["", "name,check,points\n", "student,check,points,mark\n"])
def test_other_columns_are_refused(text: str, tmp_path: Path, record: ClassRecord) -> None:
    with pytest.raises(PolicyError, match="marks by hand have student,check,points,comment"):
        read_manual([_table(tmp_path, text)], record)


@pytest.mark.parametrize(
    ("key", "points", "said"),
    [
        (("ada", "1b.explanation"), 4.5, "has 4.5 points for 1b.explanation, which is worth 4"),
        (("ada", "1b.explanations"), 1, "no check 1b.explanations; is 1b.explanation meant"),
        (("adda", "1b.explanation"), 1, "names adda, but nobody is called so. Is ada meant"),
        (("ada", "auto-1a"), 31, "for auto-1a, which is worth 30"),
    ],
)
def test_what_does_not_fit_the_class_is_refused(
    key: tuple[str, str], points: float, said: str, record: ClassRecord
) -> None:
    with pytest.raises(PolicyError, match=said):
        apply(record, Policy(), {key: ManualMark(points, source="marks.csv, line 2")})


def test_a_person_has_the_last_word_on_an_automatic_check(record: ClassRecord) -> None:
    ada, grace = apply(record, Policy(), {("ada", "1a.reset.sym"): ManualMark(0.5)})
    assert ada.automatic == AUTOMATIC_POINTS - 1.5
    assert grace.automatic == AUTOMATIC_POINTS


def test_one_mark_may_stand_for_all_automatic_checks_of_a_question() -> None:
    faulty = a_report("ada", **{"1a.reset.sym": Verdict.GRADER_FAULT})
    record = a_record(an_outcome(faulty))
    (mark,) = apply(record, Policy(), {("ada", "auto-1a"): ManualMark(20)})
    assert mark.total == AUTOMATIC_POINTS - 30 + 20


def test_a_question_and_one_of_its_checks_are_not_both_marked(record: ClassRecord) -> None:
    manual: ManualMarks = {
        ("ada", "auto-1a"): ManualMark(20),
        ("ada", "1a.reset.sym"): ManualMark(1),
    }
    with pytest.raises(PolicyError, match=r"for 1a\.reset\.sym and for auto-1a"):
        apply(record, Policy(), manual)


def test_one_s_own_mark_comes_before_the_group_s(record: ClassRecord) -> None:
    (outcome,) = a_record(an_outcome(a_report("team"), members=("ada", "bob"))).outcomes
    manual = {
        ("team", "1b.explanation"): ManualMark(2),
        ("bob", "1b.explanation"): ManualMark(3),
    }
    ada, bob = apply(a_record(outcome), Policy(), manual)
    assert (ada.written, bob.written) == (2, 3)


def test_what_formgrader_holds_is_read(tmp_path: Path, record: ClassRecord) -> None:
    path = _gradebook(
        tmp_path,
        GradebookRow("ada", None, 0, {"written-1b": CellMark(None, 3, comment="Good.")}),
        GradebookRow("grace", None, 0, {"auto-1a": CellMark(30, 25), "written-1b": CellMark()}),
    )
    assert read_manual([path], record) == {
        ("ada", "1b.explanation"): ManualMark(3, "Good.", "gradebook.db, cell written-1b"),
        ("grace", "auto-1a"): ManualMark(25, "", "gradebook.db, cell auto-1a"),
    }


def test_reading_a_gradebook_leaves_it_as_it_was(tmp_path: Path, record: ClassRecord) -> None:
    path = _gradebook(tmp_path, GradebookRow("ada", None, 0))
    before = path.read_bytes()
    read_manual([path], record)
    assert path.read_bytes() == before


def test_two_sources_that_differ_are_refused_and_equal_ones_are_one(
    tmp_path: Path, record: ClassRecord
) -> None:
    book = _gradebook(tmp_path, GradebookRow("ada", None, 0, {"written-1b": CellMark(None, 3)}))
    same = _table(tmp_path, HEAD + "ada,1b.explanation,3,\n")
    assert len(read_manual([same, book], record)) == 1
    other = _table(tmp_path, HEAD + "ada,1b.explanation,2,\n", "other.csv")
    with pytest.raises(PolicyError, match=r"2 points .* in other.csv, line 2, and 3 in gradebook"):
        read_manual([other, book], record)


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\x00" + b"\x01" * 99])
def test_what_is_no_gradebook_is_a_sentence(
    content: bytes, tmp_path: Path, record: ClassRecord
) -> None:
    path = tmp_path / "gradebook.db"
    path.write_bytes(content)
    with pytest.raises(PolicyError, match="is no gradebook of nbgrader"):
        read_manual([path], record)
