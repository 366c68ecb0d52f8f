"""The table of a class can be read back, and no cell of it computes anything."""

import csv
import io
from collections.abc import Callable

import pytest

from autograder.engine.record import CheckResult, Misconception, Report, Verdict
from autograder.report.summary_csv import summary_csv

MakeCheck = Callable[..., CheckResult]
MakeReport = Callable[..., Report]


def _rows(*reports: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(summary_csv(reports))))


def test_summary_csv_row_contains_the_sums_of_its_report(sample: Report) -> None:
    (row,) = _rows(sample)
    for question in sample.questions:
        assert float(row[question.id]) == question.score
    assert float(row["auto_score"]) == sample.auto_score
    assert float(row["auto_max"]) == 121
    assert float(row["awaiting"]) == 19
    assert float(row["bonus"]) == 2
    assert row["needs_staff"] == "qat.W2A2"
    assert row["flags"] == sample.flags[0]
    assert row["provisional"] == "no"


def test_summary_csv_columns_have_a_fixed_order(make_report: MakeReport) -> None:
    heading = summary_csv([make_report()]).splitlines()[0]
    assert heading.replace('"', "") == (
        "student,dataset,provisional,1a,1b,1c,"
        "auto_score,auto_max,awaiting,bonus,needs_staff,review,misconceptions,flags,isolation,"
        "notes,slips"
    )


def test_summary_csv_quotes_text_but_not_numbers(
    make_check: MakeCheck, make_report: MakeReport
) -> None:
    text = summary_csv([make_report(make_check(points=2.5), bonus=-1.0)])
    assert text.splitlines()[1].startswith('"ada","cifar10","no",2.5,0,0,2.5,3,0,-1,')


@pytest.mark.parametrize(
    "text", ["=cmd()", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\x00=1", "\u202e=1", " =1", "＝1"]
)
@pytest.mark.parametrize("field", ["student", "isolation", "dataset"])
def test_summary_csv_guards_cells_against_formulas(
    field: str, text: str, make_report: MakeReport
) -> None:
    (row,) = _rows(make_report(**{field: text}))
    assert row[field][0] == "'"
    assert row[field][1] in "=+-@＝"


def test_summary_csv_guards_flags_and_question_names(make_report: MakeReport) -> None:
    (row,) = _rows(make_report(flags=("=1",), question_titles={"=1a": "A"}))
    assert row["flags"] == "'=1"
    assert "'=1a" in row


def test_summary_csv_keeps_quotes_commas_and_line_ends_in_a_cell(make_report: MakeReport) -> None:
    first, second = _rows(
        make_report(student='a,"b"\r\n"c";d'), make_report(student="李小龍", flags=("one", "two"))
    )
    assert first["student"] == 'a,"b" "c";d'
    assert second["student"] == "李小龍"
    assert second["flags"] == "one two"


def test_summary_csv_leaves_a_missing_question_empty(make_report: MakeReport) -> None:
    first, second = _rows(
        make_report(question_titles={"1a": "A"}), make_report(question_titles={"3": "C"})
    )
    assert (first["1a"], first["3"]) == ("0", "")
    assert (second["1a"], second["3"]) == ("", "0")


def test_summary_csv_shows_provisional_reports_and_faults(
    make_check: MakeCheck, make_report: MakeReport
) -> None:
    faults = [make_check(id=name, verdict=Verdict.GRADER_FAULT, points=0.0) for name in "ab"]
    (row,) = _rows(make_report(*faults, provisional=True))
    assert (row["needs_staff"], row["provisional"]) == ("a b", "yes")


def test_summary_csv_lists_each_misconception_once(
    make_check: MakeCheck, make_report: MakeReport
) -> None:
    floor, ceiling = (Misconception(f"f/{name}", "A sentence.") for name in ("floor", "ceil"))
    checks = [
        make_check(misconception=misconception) for misconception in (floor, ceiling, floor, None)
    ]
    (row,) = _rows(make_report(*checks))
    assert row["misconceptions"] == "f/floor f/ceil"


def test_summary_csv_of_no_reports_is_a_heading(make_report: MakeReport) -> None:
    assert summary_csv([]).count("\n") == 1
