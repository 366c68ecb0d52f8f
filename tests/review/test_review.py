"""The decision itself: which findings need review, with what sentence, and which do not."""

from dataclasses import replace

import pytest

from autograder.engine.record import GradedCheck, ModelResult, Verdict
from autograder.grading.review import Review, review
from quantlab.formats.answers import Answers
from quantlab.intake.roles import ANSWERS, SOLUTION
from quantlab.intake.submission import Submission
from quantlab.intake.unused_files import UnusedFile
from tests.class_outputs.people import RUBRIC, SOURCES, a_check

WHOLE = Submission("ada", "def f(): ...", Answers("ada", "CIFAR-10"), report_file="report.pdf")
CALLS = tuple(id for id in RUBRIC.items if SOURCES[id] == "call")


def _marked(*odd: GradedCheck) -> list[GradedCheck]:
    """Every check right, but for these."""
    by_id = {check.result.id: check for check in odd}
    return [by_id.get(id, GradedCheck(a_check(id))) for id in RUBRIC.items]


def _calls(verdict: Verdict, message: str = "", **evidence: object) -> list[GradedCheck]:
    return [GradedCheck(a_check(id, verdict, message=message, evidence=evidence)) for id in CALLS]


JUDGED = set(Verdict) - {Verdict.BLOCKED, Verdict.GRADER_FAULT, Verdict.MISSING}


@pytest.mark.parametrize("verdict", sorted(JUDGED))
def test_review_is_empty_for_functions_that_are_wrong(verdict: Verdict) -> None:
    marked = _marked(*_calls(verdict, exception="ValueError"))
    assert review(WHOLE, marked) == Review()


def test_review_is_empty_for_a_stub() -> None:
    stub = replace(WHOLE, solution='raise NotImplementedError("Question 1a")')
    assert review(stub, _marked(*_calls(Verdict.MISSING))) == Review()


def test_review_says_why_a_solution_could_not_be_imported() -> None:
    message = "solution.py could not be imported: solution.py raises AssertionError: no GPU"
    decision = review(WHOLE, _marked(*_calls(Verdict.BLOCKED, message)))
    points = f"{sum(RUBRIC.items[id].points for id in CALLS):g} points"
    assert decision.sentences == (f"{message}. {points} are at stake.",)
    assert set(decision.checks) == set(CALLS)


def test_review_reports_a_solution_without_any_graded_function() -> None:
    decision = review(WHOLE, _marked(*_calls(Verdict.MISSING)))
    assert decision.sentences[0].startswith("solution.py defines none of the graded functions.")


@pytest.mark.parametrize("exception", ["PermissionError", "OSError", "FileNotFoundError"])
def test_review_names_the_checks_that_were_refused_a_file(exception: str) -> None:
    refused = GradedCheck(
        a_check("3.search.size", Verdict.ERROR, evidence={"exception": exception})
    )
    decision = review(WHOLE, _marked(refused))
    assert decision.checks == ("3.search.size",)
    assert "(3.search.size). 2.5 points are at stake." in decision.sentences[0]


@pytest.mark.parametrize(
    ("reported", "is_odd"),
    [
        ({"fractions": ["W8A8"]}, True),
        ({}, False),
    ],
)
def test_review_names_fractions_in_place_of_percentages(reported: object, is_odd: bool) -> None:
    row = GradedCheck(a_check("2c.ptq.sym", Verdict.WRONG, evidence=reported))
    assert review(WHOLE, _marked(row)).checks == (("2c.ptq.sym",) if is_odd else ())


def test_review_accepts_small_errors() -> None:
    row = GradedCheck(a_check("1b.A.sym", Verdict.WRONG, evidence={"reported": {"8 bits": 0.2}}))
    assert review(WHOLE, _marked(row)) == Review()


@pytest.mark.parametrize("verdict", [Verdict.ERROR, Verdict.WRONG, Verdict.CRASH, Verdict.TIMEOUT])
def test_review_names_a_submitted_model_that_was_not_measured(verdict: Verdict) -> None:
    model = ModelResult("ResNet20_W8A2.pt", 8, 2, None, 0)
    odd = GradedCheck(a_check("2d.model.W8A2", verdict, message="This file holds a module."), model)
    assert review(WHOLE, _marked(odd)).sentences == (
        "ResNet20_W8A2.pt could not be read: This file holds a module. 5 points are at stake.",
    )


def test_review_is_empty_for_a_model_that_was_measured_and_is_bad() -> None:
    model = ModelResult("ResNet20_W8A2.pt", 8, 2, 11.0, 10_000)
    low = GradedCheck(a_check("2d.model.W8A2", Verdict.WRONG), model)
    assert review(WHOLE, _marked(low)) == Review()


def test_review_is_empty_for_widths_that_are_not_valid() -> None:
    odd = (
        GradedCheck(a_check("3.bit_widths.valid", Verdict.WRONG)),
        GradedCheck(a_check("3.bit_widths.accuracy", Verdict.BLOCKED, message="Not measured.")),
    )
    assert review(WHOLE, _marked(*odd)) == Review()


def test_review_weighs_an_unused_file_by_the_roles_that_are_empty() -> None:
    archive = UnusedFile("'work.rar' was not used: it is a RAR archive.", (SOLUTION, ANSWERS))
    submission = replace(WHOLE, solution="raise NotImplementedError", unused=(archive,))
    assert review(submission, _marked()) == Review()
    decision = review(submission, _marked(*_calls(Verdict.MISSING)))
    assert set(decision.checks) == set(CALLS)
    assert "It may be the missing solution.py" in decision.sentences[0]


def test_review_says_a_problem_once_and_only_of_its_own_role() -> None:
    problem = "2 different files could be solution.py."
    near = UnusedFile("'solution_old.py' was not used.", (SOLUTION,))
    submission = replace(WHOLE, solution=None, problems={SOLUTION: problem}, unused=(near,))
    decision = review(submission, _marked(*_calls(Verdict.BLOCKED, problem)))
    assert len(decision.sentences) == 1
    assert set(decision.checks) == set(CALLS)


def test_review_leaves_faults_of_the_grader_to_their_own_status() -> None:
    assert review(WHOLE, _marked(*_calls(Verdict.GRADER_FAULT, "It failed."))) == Review()


def test_review_judges_only_what_was_run() -> None:
    assert review(Submission("ada"), []) == Review()


UNREAD = '"{}" in answers.json must be a number, not true: record it again.'


@pytest.mark.parametrize(
    ("place", "checks"),
    [
        ("mse.A.sym.8", ("1b.A.sym",)),
        ("mse.B", ("1b.B.sym", "1b.B.heuristic", "1b.B.SAWB")),
        ("table1.ptq.W8A8.SAWB", ("2c.ptq.SAWB",)),
        ("table1.ptq", ("2c.ptq.SAWB", "2c.ptq.sym")),
        ("table1.qat.W8A8.SAWB", ()),
        ("bit_widths.fc", ("3.bit_widths.valid", "3.bit_widths.accuracy")),
    ],
)
def test_review_names_the_checks_of_a_cell_that_could_not_be_read(place, checks) -> None:
    answers = Answers("ada", "CIFAR-10", unread={place: UNREAD.format(place)})
    lost = [
        GradedCheck(a_check(id, Verdict.PARTIAL, points=0.5))
        for id in RUBRIC.items
        if SOURCES[id] == "table" or id == "3.bit_widths.accuracy"
    ]
    found = review(replace(WHOLE, answers=answers), _marked(*lost))
    assert found.checks == checks
    assert len(found.sentences) == bool(checks)
    assert not checks or found.sentences[0].startswith(f'"{place}" in answers.json')


def test_review_is_empty_where_an_unreadable_cell_costs_nothing() -> None:
    answers = Answers("ada", "CIFAR-10", unread={"mse.A.sym.8": UNREAD})
    assert review(replace(WHOLE, answers=answers), _marked()) == Review()
