"""nbgrader's own commands on the course that `release` makes."""

import csv
import json
import re

import nbformat
import pytest
from nbgrader.api import Gradebook

from authoring.build.notebook import student_notebook
from authoring.release.grading_check import automatic_scores
from authoring.release.nbgrader import ASSIGNMENT
from tests.nbgrader.conftest import LiveCourse

pytestmark = pytest.mark.long

FUNCTIONS = {"auto-1a": 30, "auto-2a": 5, "auto-2b": 20}  # points that need solution.py alone


def text_of(course: LiveCourse, student: str, name: str) -> str:
    cell = next(c for c in course.autograded(student).cells if c.get("id") == name)
    return "".join(output.text for output in cell.outputs)


def test_course_releases_the_notebook_of_the_students(course):
    """nbgrader's way to it and ours give the same cells: no answer, and the stub beside it."""
    folder = course.folder / "release" / ASSIGNMENT
    theirs = nbformat.read(folder / "main.ipynb", as_version=4)
    ours = nbformat.reads(student_notebook(), as_version=4)
    assert [(c.id, c.source.rstrip()) for c in theirs.cells] == [
        (c.id, c.source.rstrip()) for c in ours.cells
    ]
    assert "NotImplementedError" in (folder / "solution.py").read_text()
    leaks = [
        path for path in folder.rglob("*") if path.is_file() and b"### BEGIN" in path.read_bytes()
    ]
    assert leaks == []


def test_autograde_gives_the_reference_all_automatic_points(course):
    scores = automatic_scores(course.folder / "gradebook.db")
    assert scores["reference"] == 121
    assert scores["stub"] == 0


def test_autograde_gives_partial_points(course):
    """Only linear_quantize exits: its checks are lost, and what is built on it is not."""
    cell = course.grades("exits")["auto-1a"]
    assert 0 < cell.auto < 30
    assert not cell.needs_manual
    assert "Crashed (0 / 3)" in text_of(course, "exits", "auto-1a")


def test_autograde_gives_an_unusual_correct_solution_all_points(course):
    grades = course.grades("terse")
    assert {name: grades[name].auto for name in FUNCTIONS} == FUNCTIONS


def test_autograde_restores_a_deleted_cell_and_ignores_a_second_copy(course):
    grades = course.grades("exits")
    assert set(grades) == set(course.grades("reference"))
    assert grades["auto-2b"].auto == 20
    assert grades["written-1b"].needs_manual
    assert "exits: cell auto-3 was missing" in course.log[0]
    assert "exits: a second cell 'auto-1a'" in course.log[0]


def test_autograde_leaves_written_answers_to_staff(course):
    grades = course.grades("reference")
    for name in ("written-1b", "written-1c", "written-2d"):
        assert grades[name].auto is None
        assert grades[name].needs_manual


def test_autograde_gives_an_untouched_answer_0_unless_a_report_exists(course):
    assert course.grades("stub")["written-1b"].auto == 0
    assert course.grades("stub")["written-1b"].comment == "No response."
    elsewhere = course.grades("zipped")["written-1b"]
    assert elsewhere.auto is None
    assert elsewhere.needs_manual
    assert "report.md" in elsewhere.comment


def test_autograde_grades_solution_beside_an_unreadable_notebook(course):
    grades = course.grades("zipped")
    assert {name: grades[name].auto for name in FUNCTIONS} == FUNCTIONS


def test_autograde_keeps_the_solution_of_the_student(course):
    folder = course.folder / "autograded" / "exits" / ASSIGNMENT
    assert "os._exit" in (folder / "solution.py").read_text()


def test_autograde_copies_no_models_and_nothing_of_the_kit(course):
    """300 students had 3 GB of copies: the bundle and the models, in autograded/ and feedback/."""
    folder = course.folder / "autograded" / "reference" / ASSIGNMENT
    names = {path.name for path in folder.rglob("*")}
    assert names == {"main.ipynb", "solution.py", "answers.json"}


def test_autograde_executes_nothing_of_a_notebook(course):
    assert not list(course.folder.rglob("executed"))


def test_autograde_shows_results_below_the_cell(course):
    text = text_of(course, "stub", "auto-2a")
    assert text.startswith("2a  The straight-through estimator: 0 of 5 automatic points")
    assert "Missing (0 / 2.5)" in text
    reports = course.folder / "results"
    assert json.loads((reports / "reference" / "report.json").read_text())["auto_score"] == 121
    assert (reports / "stub" / "report.html").is_file()


def test_nbgrader_export_contains_every_student(course):
    course.nbgrader("export", "--to", "grades.csv")
    rows = list(csv.DictReader((course.folder / "grades.csv").open()))
    scores = {row["student_id"]: float(row["score"]) for row in rows}
    assert set(scores) == {"reference", "stub", "terse", "exits", "hostile", "zipped"}
    assert scores["reference"] == 121 + 2  # the bonus of question 3 is extra credit
    assert {float(row["max_score"]) for row in rows} == {140}


def test_generate_feedback_shows_points_and_runs_no_script(course):
    course.nbgrader("generate_feedback", ASSIGNMENT)
    page = (course.folder / "feedback" / "hostile" / ASSIGNMENT / "main.html").read_text()
    assert "Scoring sheet, question 1b" in page
    assert "of 30 automatic points" in page
    assert "My <em>answer</em>: $a &lt; b$." in page
    assert "<b>table</b>" in page
    assert not re.search(r"<script[^>]*>\s*document.title", page)
    assert not re.search(r"<[^>]*\bon(?:error|load)=", page)
    assert "javascript:document" not in page


def test_autograde_removes_old_scores_when_the_grader_cannot_start(course, tmp_path):
    """No mark is not a 0 and not the mark of last time: a person is asked."""
    short = tmp_path / "secret"
    short.write_text("short")
    before = course.grades("stub")["auto-1a"]
    assert before.auto == 0
    output = course.nbgrader("autograde", ASSIGNMENT, "--student=stub", "--force", secret=short)
    after = course.grades("stub")
    assert "NOT GRADED: stub: The course secret" in output
    assert all(after[name].auto is None for name in after if name.startswith("auto-"))
    assert all(after[name].needs_manual for name in after if name.startswith("auto-"))
    assert automatic_scores(course.folder / "gradebook.db")["stub"] is None
    assert "Staff will review it." in text_of(course, "stub", "auto-1a")
    course.nbgrader("autograde", ASSIGNMENT, "--student=stub", "--force")
    assert course.grades("stub")["auto-1a"].auto == 0


def test_autograde_keeps_manual_scores_when_grading_again(course):
    """What a person decided is not replaced; it is listed as to be looked at once more."""
    with Gradebook(f"sqlite:///{course.folder / 'gradebook.db'}") as gradebook:
        for name in ("written-1c", "auto-2c"):
            grade = gradebook.find_grade(name, "main", ASSIGNMENT, "stub")
            grade.manual_score, grade.needs_manual_grade = 2.5, False
        gradebook.db.commit()
    course.nbgrader("autograde", ASSIGNMENT, "--student=stub", "--force")
    for name in ("written-1c", "auto-2c"):
        after = course.grades("stub")[name]
        assert after.score == 2.5
        assert after.needs_manual
