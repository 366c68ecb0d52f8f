"""The walk itself: nothing lost on the way, nothing invented, the same bytes each time."""

import json
from itertools import pairwise

import pytest

from autograder.checks import ALL_CHECKS
from autograder.checks.call import CallCheck
from autograder.engine.oracle import Oracle
from autograder.engine.record import Report, Verdict
from autograder.engine.secret import StudentRandom
from autograder.grading.submission import (
    GradingContext,
    Trace,
    UnknownCheck,
    grade_submission,
    select_checks,
)
from quantlab.formats.answers import Answers
from quantlab.intake.submission import Submission
from quantlab.protocol.calls import Failure
from quantlab.protocol.repair import Imported


def test_grade_submission_reports_before_and_after_each_check(course, executor, reference_source):
    reports: list[Report] = []
    final = grade_submission(Submission("ada", reference_source), course, executor, reports.append)
    assert {check.verdict for check in reports[0].checks} == {Verdict.BLOCKED}
    assert len(reports) == len(final.checks) + 1
    assert reports[-1] == final
    for before, after in pairwise(reports):
        changed = [b.id for b, a in zip(before.checks, after.checks, strict=True) if b != a]
        assert len(changed) == 1


def test_grade_submission_is_deterministic(marked, reference_source, full_models):
    submission = Submission("ada", reference_source, models=full_models)
    assert marked(submission).to_json() == marked(submission).to_json()


def test_grade_submission_draws_inputs_by_secret_and_student(
    executor, rubric, oracle, evaluator, misconceptions, reference_source
):
    def inputs(student: str, secret: bytes):
        executor.programs.clear()
        course = GradingContext(
            rubric, secret, oracle, evaluator, misconceptions, "1a.linear_quantize.signed"
        )
        grade_submission(Submission(student, reference_source), course, executor)
        return executor.programs[0].inputs["x"].tobytes()

    first = inputs("ada", b"one secret of the course")
    assert inputs("ada", b"one secret of the course") == first
    assert inputs("grace", b"one secret of the course") != first
    assert inputs("ada", b"another secret, rotated") != first


def test_grade_submission_imports_a_broken_file_only_once(marked, executor):
    report = marked(Submission("ada", "import torch\nraise RuntimeError('half done')\n"))
    calls = [check for check in report.checks if check.source == "call"]
    assert {check.verdict for check in calls} == {Verdict.BLOCKED}
    assert "could not be imported" in calls[0].message
    assert executor.imports == 1
    assert executor.programs == []


def test_grade_submission_runs_no_check_after_an_import_timeout(course, executor, reference_source):
    failure = Failure("timeout", "It took longer than 10 s.")
    executor.import_source = lambda source: Imported(source, failure)
    report = grade_submission(Submission("ada", reference_source), course, executor)
    calls = [check for check in report.checks if check.source == "call"]
    assert {check.verdict for check in calls} == {Verdict.BLOCKED}
    assert executor.programs == []


def test_grade_submission_leaves_grader_faults_to_staff(
    course, executor, reference_source, monkeypatch
):
    def broken(self, program):
        raise KeyError("a bug of the grader")

    monkeypatch.setattr(Oracle, "answer", broken)
    trace = Trace()
    report = grade_submission(Submission("ada", reference_source), course, executor, trace=trace)
    calls = [check for check in report.checks if check.source == "call"]
    assert {check.verdict for check in calls} == {Verdict.GRADER_FAULT}
    assert set(report.needs_staff) == {check.id for check in calls}
    assert "a bug of the grader" in trace.faults[calls[0].id]
    assert "a bug of the grader" not in report.to_json()


def test_hidden_check_reveals_nothing_of_its_inputs(marked, reference_source):
    patch = (
        "\n\ndef linear_quantize(input, scale, zero_point, N_bits, signed=True):\n"
        "    raise ValueError(f'secret {input.flatten()[0]}')\n"
    )
    report = marked(Submission("ada", reference_source + patch))
    hidden = next(c for c in report.checks if c.id == "1a.linear_quantize.zero_point")
    shown = next(c for c in report.checks if c.id == "1a.linear_quantize.signed")
    assert "secret" in shown.message
    assert hidden.message == "linear_quantize raises an exception."
    assert set(hidden.evidence) <= {"exception", "depends_on", "above_optimum"}


def test_grading_context_reveals_a_hidden_check_to_staff(
    rubric, secret, oracle, evaluator, misconceptions, executor, reference_source
):
    id = "1a.linear_quantize.zero_point"
    course = GradingContext(rubric, secret, oracle, evaluator, misconceptions, id, reveal=True)
    report = grade_submission(Submission("ada", reference_source), course, executor)
    assert [check.id for check in report.checks] == [id]
    assert {"call", "inputs", "expected", "got"} <= set(report.checks[0].evidence)


def test_grade_submission_grades_and_flags_the_selected_checks(
    rubric, secret, oracle, evaluator, misconceptions, executor, reference_source
):
    course = GradingContext(rubric, secret, oracle, evaluator, misconceptions, "2b.*")
    report = grade_submission(Submission("ada", reference_source), course, executor)
    assert {check.question for check in report.checks} == {"2b"}
    assert report.provisional
    assert any("2b.*" in flag for flag in report.flags)


def test_select_checks_suggests_similar_checks(rubric):
    with pytest.raises(UnknownCheck, match=r"No check is called '2b.integerlinear'.*2b\."):
        select_checks(rubric, "2b.integerlinear")


def test_report_survives_a_json_round_trip(marked, reference_source, full_models):
    report = marked(Submission("ada", reference_source, models=full_models))
    assert Report.from_json(report.to_json()) == report


def test_report_json_has_the_sums_of_its_checks(marked, reference_source, full_models):
    answers = Answers(student="ada", dataset="CIFAR-10")
    report = marked(
        Submission("ada", reference_source, answers, full_models, report_file="report.md")
    )
    record = json.loads(report.to_json())
    automatic = [c for c in record["checks"] if c["source"] != "person"]
    assert record["auto_score"] == pytest.approx(sum(c["points"] for c in automatic))
    assert record["auto_max"] == 121
    assert sum(q["max_score"] for q in record["questions"]) == 140
    assert sum(q["awaiting"] for q in record["questions"]) == 19
    assert record["awaiting_marking"] == ["1b.explanation", "1c.comparison", "2d.methodology"]


def test_call_check_calls_only_functions_of_the_stub(stub_source):
    draws = StudentRandom(b"any secret will do here", "ada")
    for check in ALL_CHECKS:
        if isinstance(check, CallCheck):
            for call in check.program(draws.generator(check.id)).calls:
                assert call.target in stub_source
