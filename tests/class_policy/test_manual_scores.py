"""Marks by hand are merged, bounded, and never overwritten, wherever they come from."""

from pathlib import Path

import pytest

from autograder.course.class_record import ClassRecord
from autograder.course.manual_scores import ManualScore, ManualScores, read_manual_scores
from autograder.course.policy import Policy, PolicyError, apply_policy
from autograder.engine.record import Verdict
from autograder.platforms.nbgrader_gradebook import (
    CellScore,
    GradedCell,
    StudentRow,
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


def _gradebook(folder: Path, *rows: StudentRow) -> Path:
    path = folder / "gradebook.db"
    cells = [GradedCell("auto-1a", 30, False), GradedCell("written-1b", 4, True)]
    write_gradebook(path, cells, rows)
    return path


def test_read_manual_scores_reads_a_table_with_its_sources(
    tmp_path: Path, record: ClassRecord
) -> None:
    path = _table(
        tmp_path, HEAD + 'ada,1b.explanation,3.5,"Says what, and why"\ngrace,1c.comparison,7\n'
    )
    assert read_manual_scores([path], record) == {
        ("ada", "1b.explanation"): ManualScore(3.5, "Says what, and why", "marks.csv, line 2"),
        ("grace", "1c.comparison"): ManualScore(7, "", "marks.csv, line 3"),
    }


def test_read_manual_scores_skips_a_row_without_points(tmp_path: Path, record: ClassRecord) -> None:
    assert read_manual_scores([_table(tmp_path, HEAD + "ada,1b.explanation,,\n")], record) == {}


def test_read_manual_scores_reads_a_table_of_a_spreadsheet(
    tmp_path: Path, record: ClassRecord
) -> None:
    text = '\ufeffstudent,check,points\r\nada,1b.explanation,"3,5"\r\n'
    (score,) = read_manual_scores([_table(tmp_path, text)], record).values()
    assert score.points == 3.5


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("ada,1b.explanation,four,\n", "expected points from 0 up, got 'four'"),
        ("ada,1b.explanation,-1,\n", "expected points from 0 up, got '-1'"),
        ("ada,1b.explanation,inf,\n", "expected points from 0 up, got 'inf'"),
        ("ada,,3,\n", "line 2: expected a student, a check and points"),
        ("ada,1b.explanation,3,good,more\n", "'more' is in a column without a heading"),
        ("ada,1b.explanation,3,\nada,1b.explanation,4,\n", "Keep one of the two"),
    ],
)
def test_read_manual_scores_refuses_a_slip_in_a_sentence(
    rows: str, sentence: str, tmp_path: Path, record: ClassRecord
) -> None:
    with pytest.raises(PolicyError, match=sentence):
        read_manual_scores([_table(tmp_path, HEAD + rows)], record)


@pytest.mark.parametrize("text", ["", "name,check,points\n", "student,check,points,mark\n"])
def test_read_manual_scores_refuses_other_columns(
    text: str, tmp_path: Path, record: ClassRecord
) -> None:
    with pytest.raises(PolicyError, match="expected the columns student,check,points,comment"):
        read_manual_scores([_table(tmp_path, text)], record)


@pytest.mark.parametrize(
    ("key", "points", "sentence"),
    [
        (("ada", "1b.explanation"), 4.5, "has 4.5 points for 1b.explanation, which is worth 4"),
        (
            ("ada", "1b.explanations"),
            1,
            "unknown check 1b.explanations. Did you mean 1b.explanation",
        ),
        (("adda", "1b.explanation"), 1, "names adda, an unknown student. Did you mean ada"),
        (("ada", "auto-1a"), 31, "for auto-1a, which is worth 30"),
    ],
)
def test_apply_policy_refuses_scores_that_do_not_fit_the_class(
    key: tuple[str, str], points: float, sentence: str, record: ClassRecord
) -> None:
    with pytest.raises(PolicyError, match=sentence):
        apply_policy(record, Policy(), {key: ManualScore(points, source="marks.csv, line 2")})


def test_apply_policy_prefers_a_manual_score_to_an_automatic_check(record: ClassRecord) -> None:
    ada, grace = apply_policy(record, Policy(), {("ada", "1a.reset.sym"): ManualScore(0.5)})
    assert ada.automatic == AUTOMATIC_POINTS - 1.5
    assert grace.automatic == AUTOMATIC_POINTS


def test_apply_policy_accepts_a_manual_score_for_a_whole_question() -> None:
    faulty = a_report("ada", **{"1a.reset.sym": Verdict.GRADER_FAULT})
    record = a_record(an_outcome(faulty))
    (score,) = apply_policy(record, Policy(), {("ada", "auto-1a"): ManualScore(20)})
    assert score.total == AUTOMATIC_POINTS - 30 + 20


def test_apply_policy_refuses_scores_for_a_question_and_its_check(record: ClassRecord) -> None:
    manual: ManualScores = {
        ("ada", "auto-1a"): ManualScore(20),
        ("ada", "1a.reset.sym"): ManualScore(1),
    }
    with pytest.raises(PolicyError, match=r"for 1a\.reset\.sym and for auto-1a"):
        apply_policy(record, Policy(), manual)


def test_apply_policy_prefers_the_score_of_a_member_to_the_group(record: ClassRecord) -> None:
    (outcome,) = a_record(an_outcome(a_report("team"), members=("ada", "bob"))).outcomes
    manual = {
        ("team", "1b.explanation"): ManualScore(2),
        ("bob", "1b.explanation"): ManualScore(3),
    }
    ada, bob = apply_policy(a_record(outcome), Policy(), manual)
    assert (ada.written, bob.written) == (2, 3)


def test_read_manual_scores_reads_a_gradebook_of_formgrader(
    tmp_path: Path, record: ClassRecord
) -> None:
    path = _gradebook(
        tmp_path,
        StudentRow("ada", None, 0, {"written-1b": CellScore(None, 3, comment="Good.")}),
        StudentRow("grace", None, 0, {"auto-1a": CellScore(30, 25), "written-1b": CellScore()}),
    )
    assert read_manual_scores([path], record) == {
        ("ada", "1b.explanation"): ManualScore(3, "Good.", "gradebook.db, cell written-1b"),
        ("grace", "auto-1a"): ManualScore(25, "", "gradebook.db, cell auto-1a"),
    }


def test_read_manual_scores_leaves_a_gradebook_unchanged(
    tmp_path: Path, record: ClassRecord
) -> None:
    path = _gradebook(tmp_path, StudentRow("ada", None, 0))
    before = path.read_bytes()
    read_manual_scores([path], record)
    assert path.read_bytes() == before


def test_read_manual_scores_refuses_sources_that_differ(
    tmp_path: Path, record: ClassRecord
) -> None:
    book = _gradebook(tmp_path, StudentRow("ada", None, 0, {"written-1b": CellScore(None, 3)}))
    same = _table(tmp_path, HEAD + "ada,1b.explanation,3,\n")
    assert len(read_manual_scores([same, book], record)) == 1
    other = _table(tmp_path, HEAD + "ada,1b.explanation,2,\n", "other.csv")
    with pytest.raises(PolicyError, match=r"2 points .* in other.csv, line 2, and 3 in gradebook"):
        read_manual_scores([other, book], record)


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\x00" + b"\x01" * 99])
def test_read_manual_scores_refuses_a_file_that_is_not_a_gradebook(
    content: bytes, tmp_path: Path, record: ClassRecord
) -> None:
    path = tmp_path / "gradebook.db"
    path.write_bytes(content)
    with pytest.raises(PolicyError, match="is not a gradebook of nbgrader"):
        read_manual_scores([path], record)
