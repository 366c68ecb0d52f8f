"""The tables for learning platforms have their columns, and give back what went in."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace

import pytest

from autograder.course.class_record import ClassRecord
from autograder.course.import_settings import MOODLE as MOODLE_SITE
from autograder.course.import_settings import ImportSettings
from autograder.course.manual_scores import ManualScore, ManualScores
from autograder.course.outputs.final_csv import final_csv
from autograder.course.outputs.gradebooks import site_rows
from autograder.course.outputs.published_points import left_out
from autograder.course.policy import FinalScore, Policy, Status, apply_policy
from autograder.platforms import canvas, moodle
from autograder.platforms.gradebook_row import cap_rows, scale_rows

FORMULAS = ["=cmd()", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\u202e=1", "＝1"]
CANVAS = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Quantization (4711)"]
MOODLE = (
    "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments"
)


def _mark(**changes: object) -> FinalScore:
    score = FinalScore(
        "ada", "ada", Status.FINAL, automatic=100, written=19, maximum=140, total=119
    )
    return replace(score, **changes)


def canvas_csv(scores: Sequence[FinalScore], policy: Policy) -> str:
    return canvas.canvas_csv(site_rows(scores, policy), policy.canvas_assignment)


def moodle_csv(scores: Sequence[FinalScore], policy: Policy) -> str:
    rows = scale_rows(site_rows(scores, policy), policy.imports.maxima.get(MOODLE_SITE))
    return moodle.moodle_csv(cap_rows(rows))


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_canvas_csv_has_its_columns_and_the_points_possible(
    record: ClassRecord, policy: Policy, manual: ManualScores
) -> None:
    scores = apply_policy(record, policy, manual)
    heading, possible, *rows = csv.reader(io.StringIO(canvas_csv(scores, policy), newline=""))
    assert heading == CANVAS
    assert possible == ["    Points Possible", "", "", "", "", "140"]
    scored = [m for m in scores if m.status in (Status.FINAL, Status.EXCUSED)]
    assert 20 < len(rows) == len(scored) < len(scores) == 53
    for score, row in zip(scored, rows, strict=True):
        assert row[:5] == [score.lms.get(name, "") for name in CANVAS[:5]]
        assert row[5] == ("EX" if score.status is Status.EXCUSED else f"{score.total:g}")
    assert {score.status for score in scores} == set(Status)


def test_tables_leave_out_unfinished_scores_unless_published() -> None:
    lms = {"ID": "7", "Identifier": "Participant 7"}
    score = _mark(status=Status.AWAITING_MARKING, awaiting=10, lms=lms)
    for publish, count in ((False, 0), (True, 1)):
        policy = Policy(publish_unfinished=publish, canvas_assignment="Quantization (4711)")
        assert [row[CANVAS[-1]] for row in _rows(canvas_csv([score], policy))[1:]] == [
            "119"
        ] * count
        assert [row["Grade"] for row in _rows(moodle_csv([score], policy))] == ["119.00"] * count


@pytest.mark.parametrize("status", [Status.NEEDS_REVIEW, Status.MISSING])
def test_tables_have_no_row_for_a_student_without_a_decision(status: Status) -> None:
    """Canvas's importer takes an empty cell for a score that was erased."""
    score = _mark(status=status, total=None, lms={"ID": "7", "Identifier": "Participant 7"})
    policy = Policy(publish_unfinished=True)
    assert len(_rows(canvas_csv([score], policy))) == 1  # the points possible
    assert _rows(moodle_csv([score], policy)) == []
    assert left_out("canvas.csv", [score, score]) == (
        f"2 students are not in canvas.csv, without a final score ({status}: 2)."
    )


def test_final_csv_contains_every_student_with_status() -> None:
    scores = [
        _mark(
            automatic=100.5,
            penalty=12.0,
            days_late=1,
            reason="1 day late: 10 % are taken off.",
            total=107.5,
            manual={"1b.explanation": ManualScore(4), "1c.comparison": ManualScore(5.5)},
        ),
        FinalScore("bob", "team", Status.NEEDS_REVIEW, automatic=80, maximum=140, reason="=late?"),
        FinalScore("eve", "", Status.MISSING, reason="Nothing was submitted."),
        FinalScore("joe", "joe", Status.EXCUSED, reason="Excused."),
    ]
    assert final_csv(scores) == (
        "student,handin,raw,penalty,manual,total,status,reason\n"
        "ada,ada,119.5,12,9.5,107.5,final,1 day late: 10 % are taken off.\n"
        "bob,team,80,0,0,,needs review,'=late?\n"
        "eve,,,,,,missing,Nothing was submitted.\n"
        "joe,joe,,,,,excused,Excused.\n"
    )


@pytest.mark.parametrize("text", FORMULAS)
def test_tables_have_no_cell_that_begins_like_a_formula(text: str) -> None:
    columns = dict.fromkeys((*CANVAS, *MOODLE.split(",")), text)
    score = _mark(lms=columns, reason=text, manual={"1b.explanation": ManualScore(1, text)})
    policy = Policy(canvas_assignment=text)
    for table in (canvas_csv([score], policy), moodle_csv([score], policy), final_csv([score])):
        for row in csv.reader(io.StringIO(table, newline="")):
            for cell in row:
                assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝"))


def test_canvas_csv_keeps_quotes_commas_and_every_script() -> None:
    name = 'Ålund, "Zoë"; 李小龍'
    score = _mark(lms={"Student": name, "ID": "7"})
    assert _rows(canvas_csv([score], Policy()))[1]["Student"] == name


def test_moodle_csv_has_the_columns_of_its_worksheet() -> None:
    assert moodle_csv([], Policy()).splitlines() == [MOODLE]


@pytest.mark.parametrize("identifier", ["123", "Participant 123"])
def test_moodle_csv_identifies_students_for_the_importer(identifier: str) -> None:
    score = _mark(lms={"Identifier": identifier, "Full name": "Ada Lovelace"})
    (row,) = _rows(moodle_csv([score], Policy()))
    assert row["Identifier"] == "Participant 123"
    assert row["Full name"] == "Ada Lovelace"
    assert (row["Grade"], row["Maximum Grade"]) == ("119.00", "140.00")
    assert row["Last modified (grade)"] == "-"


def test_moodle_csv_keeps_times_of_the_worksheet() -> None:
    moment = "Friday, 30 October 2026, 8:14 PM"
    score = _mark(lms={"Identifier": "Participant 1", "Last modified (grade)": moment})
    assert _rows(moodle_csv([score], Policy()))[0]["Last modified (grade)"] == moment


@pytest.mark.parametrize(("total", "grade"), [(119, "85.00"), (140, "100.00"), (144, "100.00")])
def test_moodle_csv_scales_grades_to_the_maximum_and_never_above(total: float, grade: str) -> None:
    score = _mark(total=total, lms={"Identifier": "1"})
    policy = Policy(imports=ImportSettings(maxima={MOODLE_SITE: 100}))
    assert _rows(moodle_csv([score], policy))[0]["Grade"] == grade


def test_moodle_csv_escapes_markup_in_comments() -> None:
    score = _mark(
        penalty=11.9,
        days_late=1,
        reason="1 day late: 10 % are taken off.",
        lms={"Identifier": "1"},
        manual={"1b.explanation": ManualScore(3.5, "<script>alert(1)</script> & good")},
    )
    (row,) = _rows(moodle_csv([score], Policy()))
    lines = row["Feedback comments"].split("<br>")
    assert lines[0] == "119 of 140 points."
    assert "1 day late: 10 % are taken off. −11.9 points." in lines
    assert lines[-1] == (
        "1b.explanation: 3.5 points. &lt;script&gt;alert(1)&lt;/script&gt; &amp; good"
    )
    assert "\n" not in row["Feedback comments"]


def test_moodle_csv_leaves_out_students_without_an_identifier() -> None:
    assert _rows(moodle_csv([_mark(lms={"Full name": "Ada"})], Policy())) == []
