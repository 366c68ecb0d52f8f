"""nbgrader's own reader sees the marks of a class."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.course.class_record import ClassRecord
from autograder.course.manual_scores import ManualScore, ManualScores, read_manual_scores
from autograder.course.outputs.nbgrader_rows import gradebook_cells, gradebook_rows
from autograder.course.policy import FinalScore, Policy, Status, apply_manual_scores, apply_policy
from autograder.platforms.nbgrader_gradebook import ASSIGNMENT, write_gradebook


@pytest.fixture(scope="module")
def scores(record: ClassRecord, policy: Policy, manual: ManualScores) -> tuple[FinalScore, ...]:
    return apply_policy(record, policy, manual)


@pytest.fixture(scope="module")
def path(
    record: ClassRecord,
    policy: Policy,
    scores: tuple[FinalScore, ...],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    shown = apply_manual_scores(record, scores)
    cells = gradebook_cells(shown)
    place = tmp_path_factory.mktemp("course") / "gradebook.db"
    write_gradebook(place, cells, gradebook_rows(shown, scores, cells), policy.deadline)
    return place


def test_write_gradebook_has_the_cells_of_the_released_notebook(path: Path) -> None:
    with Gradebook(f"sqlite:///{path}") as book:
        (notebook,) = book.find_assignment(ASSIGNMENT).notebooks
        cells = {cell.name: (cell.max_score, cell.cell_type) for cell in notebook.grade_cells}
    assert notebook.name == "main"
    assert cells == {
        "auto-1a": (30, "code"),
        "auto-1b": (6, "code"),
        "written-1b": (4, "markdown"),
        "written-1c": (10, "markdown"),
        "auto-2a": (5, "code"),
        "auto-2b": (20, "code"),
        "auto-2c": (5, "code"),
        "auto-2d": (25, "code"),
        "written-2d": (5, "markdown"),
        "auto-3": (30, "code"),
    }


def test_write_gradebook_stores_the_score_of_each_student(
    path: Path, scores: tuple[FinalScore, ...]
) -> None:
    count = 0
    with Gradebook(f"sqlite:///{path}") as book:
        in_book = {student.id for student in book.students}
        for score in scores:
            if score.total is None:
                continue
            count += 1
            submission = book.find_submission(ASSIGNMENT, score.member)
            assert submission.score == pytest.approx(score.raw)
            assert submission.max_score == score.maximum == 140
            assert submission.late_submission_penalty == pytest.approx(score.penalty)
            assert submission.needs_manual_grade is (score.status is not Status.FINAL)
    assert count > 40
    assert not {score.member for score in scores if score.status is Status.EXCUSED} & in_book


def test_gradebook_rows_leave_out_students_who_need_review(
    path: Path, scores: tuple[FinalScore, ...]
) -> None:
    """`nbgrader export` would write a score for every row."""
    with Gradebook(f"sqlite:///{path}") as book:
        in_book = {student.id for student in book.students}
    reviewed = {score.member for score in scores if score.status is Status.NEEDS_REVIEW}
    assert len(reviewed) > 1
    assert not reviewed & in_book


def test_read_manual_scores_returns_the_scores_of_the_gradebook(
    path: Path, record: ClassRecord, scores: tuple[FinalScore, ...]
) -> None:
    restored = read_manual_scores([path], record)
    expected = {
        (score.member, check): (score_by_staff.points, score_by_staff.comment)
        for score in scores
        if score.status in (Status.FINAL, Status.AWAITING_MARKING)
        for check, score_by_staff in score.manual.items()
    }
    assert {
        key: (score_by_staff.points, score_by_staff.comment)
        for key, score_by_staff in restored.items()
    } == expected
    assert len(expected) > 90


def test_nbgrader_export_writes_the_totals_of_the_gradebook(
    path: Path, scores: tuple[FinalScore, ...]
) -> None:
    environment = {
        **os.environ,
        "HOME": str(path.parent),
        "JUPYTER_CONFIG_DIR": str(path.parent),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    command = [sys.executable, "-m", "nbgrader", "export", "--to", "grades.csv"]
    subprocess.run(command, cwd=path.parent, env=environment, check=True, capture_output=True)
    rows = (path.parent / "grades.csv").read_text().splitlines()
    head, *rows = (line.split(",") for line in rows)
    exported = {row[head.index("student_id")]: float(row[head.index("score")]) for row in rows}
    for score in scores:
        if score.total is not None:
            assert exported[score.member] == pytest.approx(score.total)


def test_write_gradebook_gives_each_member_the_score_of_the_group(path: Path) -> None:
    with Gradebook(f"sqlite:///{path}") as book:
        scores = [book.find_submission(ASSIGNMENT, m).score for m in ("margaret", "katherine")]
    assert scores[0] == scores[1] > 120


def test_write_gradebook_replaces_an_automatic_score_by_a_manual_score(
    record: ClassRecord, tmp_path: Path
) -> None:
    scores = apply_policy(record, Policy(), {("s100001", "auto-1a"): ManualScore(12.0)})
    cells = gradebook_cells(record)
    write_gradebook(tmp_path / "gradebook.db", cells, gradebook_rows(record, scores, cells))
    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        grade = book.find_grade("auto-1a", "main", ASSIGNMENT, "s100001")
        assert (grade.manual_score, grade.score) == (12, 12)
        assert grade.auto_score is not None
