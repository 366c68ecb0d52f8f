"""What a site's importer would do is computed by its rules, and what must not happen is refused."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from autograder.course.course_file import PolicyError, load_policy
from autograder.course.outputs.site_tables import make_table, site_tables
from autograder.platforms.gradebook_row import GradebookRow
from autograder.platforms.imports.canvas import read_canvas, simulate_canvas
from autograder.platforms.imports.moodle import read_moodle, simulate_moodle
from autograder.platforms.imports.rehearsal import rehearse

HEAD = "Student,ID,SIS User ID,SIS Login ID,Section,Lab (4711)\n"
WORTH = "    Points Possible,,,,,140\n"


def _row(student: str, points: float | None, **columns: str) -> GradebookRow:
    named = {name.replace("_", " "): value for name, value in columns.items()}
    return GradebookRow(student, points, maximum=140, columns=named)


def _refusals(folder: Path, course: str, rows: list[GradebookRow]) -> Mapping[str, str]:
    """Return why rows are refused; "" is the reason for the whole file."""
    (folder / "course.toml").write_text(course)
    policy = load_policy(folder / "course.toml")
    rehearsals = [make_table(target, rows, policy).rehearsal for target in site_tables(policy)]
    refused: dict[str, str] = {}
    for rehearsal in filter(None, rehearsals):
        refused |= {row.student: row.refusal for row in rehearsal.rows if row.refusal}
        refused |= {"": rehearsal.problem} if rehearsal.problem else {}
    return refused


@pytest.mark.parametrize(
    ("site_row", "score", "reason"),
    [
        ('"L, A",17,,,S,130\n', 121, "it would lower the score; to allow it, add ada"),
        ('"L, A",17,,,S,EX\n', 121, "the site excuses the student"),
        ('"L, A",17,,,S,N/A\n', 121, "not assigned to this student"),
        ('"L, A",17,,,S,B+\n', 121, "the site shows 'B+', which is not a number"),
        ('"L, A",18,,,S,\n', 121, "Canvas finds no such student"),
        ('"L, A",17,,,S,121.00\n', 121, ""),
        ('"L, A",17,,,S,\n', 121.333, ""),
    ],
)
def test_canvas_import_refuses_a_row(
    site_row: str, score: float, reason: str, tmp_path: Path
) -> None:
    (tmp_path / "g.csv").write_text(HEAD + WORTH + site_row)
    course = '[canvas]\nassignment = "Lab (4711)"\ngradebook = "g.csv"\n'
    refused = _refusals(tmp_path, course, [_row("ada", score, ID="17")])
    assert reason in refused.get("ada", "")
    assert bool(reason) == bool(refused)


@pytest.mark.parametrize(
    ("course", "text", "reason"),
    [
        ('"Lab"', HEAD + WORTH, ""),  # Canvas finds an assignment by its title, too
        (
            '"Lab 2"',
            HEAD + WORTH,
            "Canvas would make a new assignment Lab 2; choose Lab (4711) as [canvas] assignment",
        ),
        ('"Lab (4712)"', HEAD + WORTH, "Canvas would make a new assignment Lab (4712)"),
        (
            '"Lab (4711)"',
            HEAD + WORTH.replace("140", "100"),
            "is worth 100 points in Canvas and 140 in the file",
        ),
        (
            '"Lab (4711)"',
            HEAD + WORTH.replace("140", "(read only)"),
            "never imports the read-only column Lab (4711)",
        ),
        ('"Lab (4711)"\npoints_possible = 100', HEAD + WORTH.replace("140", "100"), ""),
    ],
)
def test_canvas_import_refuses_another_column_or_scale(
    course: str, text: str, reason: str, tmp_path: Path
) -> None:
    (tmp_path / "g.csv").write_text(text + '"L, A",17,,,S,\n')
    course = f'[canvas]\ngradebook = "g.csv"\nassignment = {course}\n'
    refused = _refusals(tmp_path, course, [_row("ada", 121, ID="17")])
    assert reason in refused.get("", "")
    assert bool(reason) == bool(refused)


def test_allow_lower_accepts_a_lower_score(tmp_path: Path) -> None:
    (tmp_path / "g.csv").write_text(HEAD + WORTH + '"L, A",17,,,S,130\n')
    course = 'allow_lower = ["ada"]\n[canvas]\nassignment = "Lab (4711)"\ngradebook = "g.csv"\n'
    assert _refusals(tmp_path, course, [_row("ada", 121, ID="17")]) == {}


def test_canvas_import_refuses_two_rows_of_one_student(tmp_path: Path) -> None:
    (tmp_path / "g.csv").write_text(HEAD + WORTH + '"L, A",17,s1,,S,\n')
    course = '[canvas]\nassignment = "Lab (4711)"\ngradebook = "g.csv"\n'
    rows = [_row("ada", 121, ID="17"), _row("eve", 99, SIS_User_ID="s1")]
    assert _refusals(tmp_path, course, rows) == {"eve": "the row of ada reaches the same student"}


@pytest.mark.parametrize(
    ("cell", "reason"),
    [("", "it would erase 100"), ("99", "it would show 99, and the score is 121")],
)
def test_rehearse_refuses_a_file_with_other_scores_than_the_class(
    cell: str, reason: str, tmp_path: Path
) -> None:
    (tmp_path / "g.csv").write_text(HEAD + WORTH + '"L, A",17,,,S,100\n')
    current = read_canvas(tmp_path / "g.csv", "Lab (4711)")
    assert current is not None
    simulation = simulate_canvas(HEAD + WORTH + f'"L, A",17,,,S,{cell}\n', current)
    (row,) = rehearse("t", [_row("ada", 121)], simulation, current, ["ada"]).rows
    assert row.refusal == reason
    unfinished = GradebookRow("ada", None, maximum=140)
    (row,) = rehearse("t", [unfinished], simulation, current, ["ada"]).rows
    assert row.refusal == "the class has no final score"


def test_moodle_import_skips_a_grade_that_was_changed_since(tmp_path: Path) -> None:
    head = "Identifier,Grade,Maximum Grade,Grade can be changed,Last modified (grade)\n"
    (tmp_path / "w.csv").write_text(f'{head}Participant 17,50,140,Yes,"Tuesday, 9 AM"\n')
    current = read_moodle(tmp_path / "w.csv")
    assert current is not None
    (effect,) = simulate_moodle(f"{head}Participant 17,121,140,Yes,-\n", current).effects
    assert "graded after the time in the file" in effect.problem
    (effect,) = simulate_moodle(f"{head}Participant 17,,140,Yes,-\n", current).effects
    assert (effect.after, effect.problem) == (50, "")  # an empty grade is skipped
    text = f'{head}Participant 17,141,140,Yes,"Tuesday, 9 AM"\n'
    assert "skips grades above 140" in simulate_moodle(text, current).effects[0].problem


@pytest.mark.parametrize(
    ("column", "heading", "reason"),
    [
        ("Lab [Total Pts: 140 Score] |123", "Lab [Total Pts: 140 Score] |123", ""),
        ("Lab", "Lab [Total Pts: 140 Score] |123", "make a new text column Lab"),
        ("Lab [Total Pts: 140 Score] |9", "Lab [Total Pts: 140 Score] |123", "new text column"),
        ("x [Total Pts: 140 Percentage] |1", "x [Total Pts: 140 Percentage] |1", "kind Score"),
        ("x [Total Pts: up to 140 Score] |1", "x [Total Pts: up to 140 Score] |1", "kind Score"),
        ("x [Total Pts: 10 Score] |1", "x [Total Pts: 10 Score] |1", "is worth 10 points in g.csv"),
    ],
)
def test_blackboard_import_refuses_another_column_or_scale(
    column: str, heading: str, reason: str, tmp_path: Path
) -> None:
    (tmp_path / "g.csv").write_text(f'Username,"{heading}"\nada,\n')
    course = f'[blackboard]\ncolumn = "{column}"\ngradebook = "g.csv"\n'
    refused = _refusals(tmp_path, course, [_row("ada", 121, Username="ada")])
    assert reason in refused.get("", "")
    assert bool(reason) == bool(refused)


def test_load_policy_refuses_a_file_that_is_not_the_sites_export(tmp_path: Path) -> None:
    (tmp_path / "g.csv").write_text("a,b\n1,2\n")
    for course, sentence in (
        ('[canvas]\ngradebook = "g.csv"', "which is not Canvas's gradebook export"),
        ('[moodle]\nworksheet = "g.csv"', "which is not Moodle's grading worksheet"),
        ('[gradescope]\ngrades = "g.csv"', "which is not Gradescope's Download Grades"),
        ('[other]\ngradebook = "g.csv"\nstudent = "a"\nscore = "c"', "no column c"),
        ('[nbgrader]\ngradebook = "g.csv"', "is not a gradebook of nbgrader"),
        ('[canvas]\ngradebook = "no.csv"', "can't be read: No such file"),
    ):
        (tmp_path / "course.toml").write_text(course)
        with pytest.raises(PolicyError, match=sentence):
            load_policy(tmp_path / "course.toml")
