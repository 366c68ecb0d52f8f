"""In a terminal a report says the same, and a student's text cannot steer it."""

import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import Console

from autograder.engine.record import CheckResult, Misconception, Report, Verdict
from autograder.report.terminal import print_report, print_summary
from autograder.report.wording import WORDS

MakeCheck = Callable[..., CheckResult]
MakeReport = Callable[..., Report]
Show = Callable[..., str]


@pytest.fixture
def shown() -> Show:
    """What a function prints on a terminal of this width, colours included if asked for."""

    def show(function: Callable[..., None], *args: object, width: int = 100, **kind: bool) -> str:
        stream = io.StringIO()
        function(*args, Console(file=stream, width=width, **kind))
        return stream.getvalue()

    return show


@pytest.mark.parametrize("verdict", list(Verdict))
def test_print_report_names_every_verdict(
    verdict: Verdict, make_check: MakeCheck, make_report: MakeReport, shown: Show
) -> None:
    assert WORDS[verdict] in shown(print_report, make_report(make_check(verdict=verdict)))


def test_print_report_shows_sums_and_titles(sample: Report, shown: Show) -> None:
    text = shown(print_report, sample, width=200)
    assert "96.75 of 121 automatic points, 19 not graded yet, 2 bonus" in text
    assert all(check.title in text for check in sample.checks)
    assert "2b Integer linear and convolution layers 13/20" in text


def test_print_report_shows_details_below_their_check(sample: Report, shown: Show) -> None:
    text = shown(print_report, sample, width=200)
    assert (
        "The largest value of a signed grid on 4 bits is 7, and your function returned 8." in text
    )
    assert "expected: float32 (5,) [-8, 3, 7, 0, 7]" in text
    assert "got: float32 (5,) [-8, 3, 8, 0, 8]" in text
    assert "Worth 3 points when integer_conv2d is right." in text


def test_print_report_hides_inputs_of_a_hidden_check(
    make_check: MakeCheck, make_report: MakeReport, shown: Show
) -> None:
    evidence = {"call": "SECRET", "expected": "SECRET", "got": "SECRET"}
    check = make_check(visible=False, verdict=Verdict.WRONG, evidence=evidence)
    assert "SECRET" not in shown(print_report, make_report(check))


def test_print_report_begins_with_what_limits_the_score(
    make_check: MakeCheck, make_report: MakeReport, shown: Show
) -> None:
    fault = make_check(id="broken", verdict=Verdict.GRADER_FAULT)
    report = make_report(
        fault,
        dataset="shapes10",
        isolation="UNISOLATED",
        provisional=True,
        flags=("A file was renamed.",),
    )
    text = shown(print_report, report)
    first, _, _ = text.partition("Quantization functions")
    for word in ("Shapes-10", "UNISOLATED:", "PROVISIONAL:", "failed on broken", "was renamed"):
        assert word in first


def test_print_report_removes_terminal_sequences(
    make_check: MakeCheck, make_report: MakeReport, shown: Show
) -> None:
    bad = "\x1b]0;owned\x07\x1b[2J\u202eab\rcd [red]ef[/red] [link=x]gh[/link]"
    check = make_check(
        title=bad, message=bad, misconception=Misconception(bad, bad), verdict=Verdict.WRONG
    )
    text = shown(
        print_report, make_report(check, student=bad, flags=(bad,)), force_terminal=True, width=300
    )
    assert "[red]ef[/red] [link=x]gh[/link]" in text
    for sequence in ("\x1b]", "\x1b[2J", "\u202e", "\r"):
        assert sequence not in text


def test_print_summary_has_a_row_per_student_and_then_the_paths(
    sample: Report, shown: Show
) -> None:
    reports = [sample, replace(sample, student="grace")]
    paths = ["runs/ada/report.html", "runs/" + "deep/" * 40 + "report.html"]
    lines = shown(print_summary, reports, paths, width=120).splitlines()
    assert lines[-2:] == paths
    (row,) = [line.split() for line in lines if line.startswith(" grace")]
    assert row[1:] == [
        *("25.5/30", "6/10", "-/10", "3/5", "13/20", "5/5", "18.25/30", "26/30"),
        *("96.75/121", "19", "2"),
    ]


def test_print_summary_counts_students_per_mistake(
    make_check: MakeCheck, make_report: MakeReport, shown: Show
) -> None:
    often, once = Misconception("f/often", "Often made."), Misconception("f/once", "Once made.")
    reports = [
        make_report(make_check(misconception=often), make_check(misconception=often)),
        make_report(make_check(misconception=once), make_check(misconception=often)),
        make_report(make_check()),
    ]
    lines = shown(print_summary, reports, []).splitlines()
    start = lines.index("Mistakes by students who made them:")
    assert [line.split(maxsplit=1) for line in lines[start + 1 : start + 3]] == [
        ["2", "Often made."],
        ["1", "Once made."],
    ]
    assert "Mistakes" not in shown(print_summary, reports[2:], [])


def test_print_summary_cuts_no_number_in_a_narrow_terminal(sample: Report, shown: Show) -> None:
    text = shown(print_summary, [sample], ["report.html"], width=40)
    assert "96.75/121" in text
    assert "18.25/30" in text
    assert "…" not in text


def test_print_summary_accepts_no_reports(shown: Show) -> None:
    assert "student" in shown(print_summary, [], [])
