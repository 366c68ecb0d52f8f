"""What `batch` prints fits into 80 columns, and a log has lines instead of a bar."""

import io
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from autograder.course.console import print_class, print_regrade
from autograder.course.policy import Policy, apply_policy
from autograder.course.progress import ProgressLines, show_progress
from autograder.course.score_changes import compare_reports
from autograder.engine.record import Verdict
from tests.class_outputs.people import RUBRIC, a_check, a_record, a_report, an_outcome

LONG_ID = "ada.augusta.king.countess.of.lovelace.1815@analytical-engine.example"
LONGEST_CHECK = max(RUBRIC.items, key=len)


def _console(terminal: bool = False) -> tuple[Console, io.StringIO]:
    text = io.StringIO()
    return Console(width=80, file=text, force_terminal=terminal, color_system=None), text


def test_print_regrade_is_readable_in_80_columns() -> None:
    before = {name: a_report(name) for name in (LONG_ID, "bob")}
    changes = {
        LONGEST_CHECK: Verdict.GRADER_FAULT,
        "1a.reset.sym": Verdict.WRONG,
        "2a.STE.gradient": a_check("2a.STE.gradient", Verdict.PARTIAL, points=1.25),
    }
    after = [a_report(LONG_ID, **changes), replace(a_report("bob"), bonus=3.0)]
    console, text = _console()
    print_regrade(compare_reports(before, after), False, console)
    lines = text.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    total = 121 - 2 - 1.25 - RUBRIC.points[LONGEST_CHECK]
    assert f"{LONG_ID}: 121 → {total:g}" in " ".join(text.getvalue().split())
    rows = {line.split()[0]: line for line in lines if line.startswith("  ")}
    assert rows.keys() >= {LONGEST_CHECK, "1a.reset.sym", "2a.STE.gradient", "Bonus"}
    assert " ".join(rows["1a.reset.sym"].split()) == "1a.reset.sym 2 → 0 Correct → wrong"
    assert "2.5 → 1.25" in rows["2a.STE.gradient"]
    assert "bob: 121 → 124 (+3)" in lines
    assert " ".join(rows["Bonus"].split()) == "Bonus and slips +3"


def test_print_class_groups_students_with_one_reason() -> None:
    fault = {"2d.model.W2A2": Verdict.GRADER_FAULT}
    names = [f"student{n:03d}" for n in range(60)]
    record = a_record(*(an_outcome(a_report(name, **fault)) for name in names))
    console, text = _console()
    print_class(record, apply_policy(record, Policy(), {}), Path("results"), (), console)
    lines = text.getvalue().splitlines()
    assert "Needs review: 60 students" in lines
    assert text.getvalue().count("The grader failed on 2d.model.W2A2.") == 1
    assert "and 55 more" in text.getvalue()
    assert len(lines) < 12


def test_progress_lines_appear_by_share_and_by_time() -> None:
    console, text = _console()
    now = 0.0
    progress = ProgressLines(101, console, lambda: now)
    progress.skip({"correct": 40})
    for _ in range(100):
        now += 2.0
        progress.advance({"correct": 2, "wrong": 1})
    lines = text.getvalue().splitlines()
    assert len(lines) == 20
    assert lines[0] == (
        "Graded 5 of 100 submissions in 10 s, about 3 min left: 50 correct, 5 wrong."
    )
    assert lines[-1] == "Graded 100 of 100 submissions in 3 min: 240 correct, 100 wrong."
    now += 31.0
    slow = ProgressLines(1000, console, lambda: now)
    now += 31.0
    slow.advance({})
    assert text.getvalue().splitlines()[-1] == (
        "Graded 1 of 1,000 submissions in 31 s, about 8.6 h left."
    )


def test_show_progress_draws_a_bar_in_a_terminal_only() -> None:
    for terminal in (False, True):
        console, text = _console(terminal)
        with show_progress(2, console) as progress:
            progress.skip({"correct": 1})
            progress.advance({"wrong": 1})
        assert ("Graded 1 of 1 submissions" in text.getvalue()) is not terminal
        assert ("1/1" in text.getvalue()) is terminal
