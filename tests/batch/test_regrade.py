"""Two reports of a submission, compared: who moves, by how much, on which check."""

from dataclasses import replace

import pytest

from autograder.course.score_changes import compare_reports
from autograder.engine.record import CheckResult, Report, Verdict


def check(id: str, points: float, verdict: Verdict = Verdict.CORRECT, message: str = ""):
    return CheckResult(id, "1a", "Title", True, "call", verdict, points, 2.0, points, message)


def report(student: str, *checks: CheckResult, bonus: float = 0.0) -> Report:
    return Report(student, "Shapes-10", "A", checks, {"1a": "Quantize"}, bonus=bonus)


def test_compare_reports_lists_nothing_for_equal_reports():
    ada = report("ada", check("1a.x", 2))
    comparison = compare_reports({"ada": ada}, [ada])
    assert (comparison.changes, comparison.totals, comparison.reworded, comparison.compared) == (
        (),
        {},
        (),
        1,
    )


def test_compare_reports_names_student_check_and_points():
    before = report("ada", check("1a.x", 2), check("1a.y", 0, Verdict.WRONG))
    after = report("ada", check("1a.x", 0.5, Verdict.PARTIAL), check("1a.y", 2))
    comparison = compare_reports({"ada": before}, [after])
    assert [(m.student, m.check, m.points) for m in comparison.changes] == [
        ("ada", "1a.x", -1.5),
        ("ada", "1a.y", 2.0),
    ]
    assert comparison.totals == {"ada": (2.0, 2.5)}


def test_compare_reports_lists_another_verdict_for_the_same_points():
    before = report("ada", check("1a.x", 0, Verdict.TIMEOUT))
    comparison = compare_reports({"ada": before}, [report("ada", check("1a.x", 0, Verdict.WRONG))])
    assert [(m.check, m.points) for m in comparison.changes] == [("1a.x", 0.0)]


def test_compare_reports_changes_the_total_with_the_bonus():
    before = report("ada", check("1a.x", 2), bonus=1.0)
    comparison = compare_reports({"ada": before}, [replace(before, bonus=3.0)])
    assert (comparison.changes, comparison.totals) == ((), {"ada": (3.0, 5.0)})


def test_compare_reports_counts_other_words_without_listing_them():
    before = report("ada", check("1a.x", 0, Verdict.WRONG, "2 are wrong."))
    after = report("ada", check("1a.x", 0, Verdict.WRONG, "3 are wrong."))
    comparison = compare_reports({"ada": before}, [after])
    assert (comparison.changes, comparison.reworded) == ((), ("ada",))


@pytest.mark.parametrize("before", [{}, {"ada": None}])
def test_compare_reports_lists_an_ungraded_student_as_new(before):
    comparison = compare_reports(before, [report("ada", check("1a.x", 2))])
    assert (comparison.changes, comparison.new, comparison.compared) == ((), ("ada",), 0)
