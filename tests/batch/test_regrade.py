"""Two reports of a submission, compared: who moves, by how much, on which check."""

from dataclasses import replace

import pytest

from autograder.course.score_changes import compare_reports
from autograder.engine.record import CheckResult, Report, Verdict


def check(id: str, points: float, verdict: Verdict = Verdict.CORRECT, message: str = ""):
    return CheckResult(id, "1a", "Title", True, "call", verdict, points, 2.0, points, message)


def report(student: str, *checks: CheckResult, bonus: float = 0.0) -> Report:
    return Report(student, "Shapes-10", "A", checks, {"1a": "Quantize"}, bonus=bonus)


def test_nothing_moves_where_nothing_changed():
    ada = report("ada", check("1a.x", 2))
    found = compare_reports({"ada": ada}, [ada])
    assert (found.changes, found.totals, found.reworded, found.compared) == ((), {}, (), 1)


def test_a_move_names_student_check_and_points():
    before = report("ada", check("1a.x", 2), check("1a.y", 0, Verdict.WRONG))
    after = report("ada", check("1a.x", 0.5, Verdict.PARTIAL), check("1a.y", 2))
    found = compare_reports({"ada": before}, [after])
    assert [(m.student, m.check, m.points) for m in found.changes] == [
        ("ada", "1a.x", -1.5),
        ("ada", "1a.y", 2.0),
    ]
    assert found.totals == {"ada": (2.0, 2.5)}


def test_another_verdict_for_the_same_points_is_shown_too():
    before = report("ada", check("1a.x", 0, Verdict.TIMEOUT))
    found = compare_reports({"ada": before}, [report("ada", check("1a.x", 0, Verdict.WRONG))])
    assert [(m.check, m.points) for m in found.changes] == [("1a.x", 0.0)]


def test_a_bonus_that_changes_moves_the_total():
    before = report("ada", check("1a.x", 2), bonus=1.0)
    found = compare_reports({"ada": before}, [replace(before, bonus=3.0)])
    assert (found.changes, found.totals) == ((), {"ada": (3.0, 5.0)})


def test_other_words_are_counted_and_not_listed():
    before = report("ada", check("1a.x", 0, Verdict.WRONG, "2 are wrong."))
    after = report("ada", check("1a.x", 0, Verdict.WRONG, "3 are wrong."))
    found = compare_reports({"ada": before}, [after])
    assert (found.changes, found.reworded) == ((), ("ada",))


@pytest.mark.parametrize("before", [{}, {"ada": None}])
def test_who_was_not_marked_before_is_new_and_does_not_move(before):
    found = compare_reports(before, [report("ada", check("1a.x", 2))])
    assert (found.changes, found.new, found.compared) == ((), ("ada",), 0)
