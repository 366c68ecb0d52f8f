"""The tables for learning platforms have their columns, and give back what went in."""

import csv
import io
from dataclasses import replace

import pytest

from autograder.batch.manual import ManualMark, ManualMarks
from autograder.batch.outputs.canvas import canvas_csv
from autograder.batch.outputs.moodle import moodle_csv
from autograder.batch.policy import FinalMark, Policy, Status, apply
from autograder.batch.record import ClassRecord

FORMULAS = ["=cmd()", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\u202e=1", "＝1"]
CANVAS = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Quantization (4711)"]
MOODLE = (
    "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments"
)


def _mark(**changes: object) -> FinalMark:
    mark = FinalMark("ada", "ada", Status.FINAL, automatic=100, written=19, maximum=140, total=119)
    return replace(mark, **changes)


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_canvas_gets_its_own_columns_and_the_points_possible(
    record: ClassRecord, policy: Policy, manual: ManualMarks
) -> None:
    marks = apply(record, policy, manual)
    heading, possible, *rows = csv.reader(io.StringIO(canvas_csv(marks, policy), newline=""))
    assert heading == CANVAS
    assert possible == ["    Points Possible", "", "", "", "", "140"]
    assert len(rows) == len(marks) == 53
    for mark, row in zip(marks, rows, strict=True):
        assert row[:5] == [mark.lms.get(name, "") for name in CANVAS[:5]]
        if mark.status is Status.FINAL:
            assert float(row[5]) == mark.total
        else:
            assert row[5] == ("EX" if mark.status is Status.EXCUSED else "")
    assert {mark.status for mark in marks} == set(Status)


def test_unfinished_marks_leave_only_when_the_course_says_so() -> None:
    mark = _mark(status=Status.AWAITING_MARKING, awaiting=10, lms={"ID": "7"})
    for publish, shown in ((False, ""), (True, "119")):
        policy = Policy(publish_unfinished=publish, canvas_assignment="Quantization (4711)")
        (_, row) = _rows(canvas_csv([mark], policy))
        assert row["Quantization (4711)"] == shown


@pytest.mark.parametrize("status", [Status.NEEDS_REVIEW, Status.MISSING])
def test_what_is_not_decided_never_leaves(status: Status) -> None:
    mark = _mark(status=status, total=None, lms={"ID": "7", "Identifier": "Participant 7"})
    policy = Policy(publish_unfinished=True)
    assert _rows(canvas_csv([mark], policy))[1][policy.canvas_assignment] == ""
    assert _rows(moodle_csv([mark], policy))[0]["Grade"] == ""


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_of_either_table_begins_like_a_formula(text: str) -> None:
    columns = dict.fromkeys((*CANVAS, *MOODLE.split(",")), text)
    mark = _mark(lms=columns, manual={"1b.explanation": ManualMark(1, text)})
    policy = Policy(canvas_assignment=text)
    for table in (canvas_csv([mark], policy), moodle_csv([mark], policy)):
        for row in csv.reader(io.StringIO(table, newline="")):
            for cell in row:
                assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝"))


def test_a_name_survives_quotes_commas_and_every_script() -> None:
    name = 'Ålund, "Zoë"; 李小龍'
    mark = _mark(lms={"Student": name, "ID": "7"})
    assert _rows(canvas_csv([mark], Policy()))[1]["Student"] == name


def test_moodle_gets_the_columns_of_its_worksheet() -> None:
    assert moodle_csv([], Policy()).splitlines() == [MOODLE]


@pytest.mark.parametrize("identifier", ["123", "Participant 123"])
def test_moodle_s_importer_finds_who_it_is(identifier: str) -> None:
    mark = _mark(lms={"Identifier": identifier, "Full name": "Ada Lovelace"})
    (row,) = _rows(moodle_csv([mark], Policy()))
    assert row["Identifier"] == "Participant 123"
    assert row["Full name"] == "Ada Lovelace"
    assert (row["Grade"], row["Maximum Grade"]) == ("119.00", "140.00")
    assert row["Last modified (grade)"] == "-"


def test_moodle_s_times_stay_as_they_came() -> None:
    moment = "Friday, 30 October 2026, 8:14 PM"
    mark = _mark(lms={"Identifier": "Participant 1", "Last modified (grade)": moment})
    assert _rows(moodle_csv([mark], Policy()))[0]["Last modified (grade)"] == moment


@pytest.mark.parametrize(("total", "grade"), [(119, "85.00"), (140, "100.00"), (144, "100.00")])
def test_marks_are_scaled_to_moodle_s_maximum_and_never_above(total: float, grade: str) -> None:
    mark = _mark(total=total, lms={"Identifier": "1"})
    assert _rows(moodle_csv([mark], Policy(moodle_maximum=100)))[0]["Grade"] == grade


def test_moodle_s_comment_is_text_and_no_markup() -> None:
    mark = _mark(
        penalty=11.9,
        days_late=1,
        reason="1 day late: 10 % are taken off.",
        lms={"Identifier": "1"},
        manual={"1b.explanation": ManualMark(3.5, "<script>alert(1)</script> & good")},
    )
    (row,) = _rows(moodle_csv([mark], Policy()))
    lines = row["Feedback comments"].split("<br>")
    assert lines[0] == "119 of 140 points."
    assert "1 day late: 10 % are taken off. −11.9 points." in lines
    assert lines[-1] == (
        "1b.explanation: 3.5 points. &lt;script&gt;alert(1)&lt;/script&gt; &amp; good"
    )
    assert "\n" not in row["Feedback comments"]


def test_whom_moodle_does_not_know_is_left_out() -> None:
    assert _rows(moodle_csv([_mark(lms={"Full name": "Ada"})], Policy())) == []
