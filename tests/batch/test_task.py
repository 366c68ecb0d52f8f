"""One task: each check is journaled when it ends, what is finished is not done again.

Marked in this process, without walls; the rows and the reports are the real ones.
"""

import io
import threading
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
import torch

from autograder.course import task as task_module
from autograder.course.audit.model_changes import ModelChanges
from autograder.course.fingerprints import Fingerprints
from autograder.course.journal import Journal
from autograder.course.reports import GradingSetup, ParsedSubmission
from autograder.course.task import Task, WorkerUnfit, run_task
from autograder.course.worker_setup import Settings
from autograder.engine.model_accuracy import ModelEvaluator
from autograder.engine.oracle import Oracle
from autograder.engine.record import Verdict
from autograder.grading.submission import GradingContext, grade_submission, select_checks
from autograder.paths import reference_models
from autograder.platforms.export_entry import ExportEntry
from quantlab.intake.submission import Submission
from quantlab.paths import float_model
from tests.conftest import InProcessPlayer

CHECK = "1a.linear_*"
SETTINGS = Settings("cifar10", CHECK)


class Sandbox(InProcessPlayer):
    """What a worker needs of a sandbox besides playing."""

    def __init__(self) -> None:
        super().__init__()
        self.used_seconds = 0.0
        self.closed = 0

    def count_earlier(self, source: str, used_seconds: float) -> None:
        self.used_seconds = used_seconds

    def run(self, source, program):
        self.used_seconds += 1
        return super().run(source, program)

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def course(rubric, secret, oracle, evaluator, misconceptions) -> GradingContext:
    return GradingContext(rubric, secret, oracle, evaluator, misconceptions, CHECK)


@pytest.fixture
def checks(rubric) -> list[str]:
    return [check.id for check in select_checks(rubric, CHECK)]


@pytest.fixture
def fingerprints(checks) -> Fingerprints:
    return Fingerprints(dict.fromkeys(checks, "digest"))


@pytest.fixture
def sandbox(monkeypatch, course, fingerprints) -> Sandbox:
    """The worker's, which has its bench ready."""
    own_sandbox = Sandbox()
    state = task_module._WorkerState(course, fingerprints, own_sandbox, threading.Lock())  # type: ignore[arg-type]
    monkeypatch.setattr(task_module, "_worker_state", lambda settings: state)
    return own_sandbox


@pytest.fixture
def task(reference_source, fingerprints) -> Task:
    return Task(Submission("ada", reference_source), "content", SETTINGS, fingerprints.digest)


def test_run_task_returns_rows_without_a_journal(sandbox, task, checks):
    result = run_task(task)
    assert [row.check for row in result.rows] == checks
    assert {row.fingerprint for row in result.rows} == {"digest"}
    assert (result.student, result.faults) == ("ada", ())


def test_run_task_journals_each_check_before_the_next(
    sandbox, task, checks, fingerprints, tmp_path, monkeypatch
):
    class Killed(BaseException):
        pass

    def run(source, program):
        if len(sandbox.programs) == 3:
            raise Killed
        return InProcessPlayer.run(sandbox, source, program)

    monkeypatch.setattr(sandbox, "run", run)
    path = tmp_path / "marks.sqlite"
    with pytest.raises(Killed):
        run_task(replace(task, journal=path))
    with Journal(path) as journal:
        assert set(journal.rows("ada", "content", fingerprints.by_check)) == set(checks[:3])


def test_run_task_skips_finished_checks(sandbox, task, checks):
    result = run_task(replace(task, finished=frozenset(checks[1:])))
    assert [row.check for row in result.rows] == checks[:1]
    assert len(sandbox.programs) == 1


def test_run_task_adds_to_the_time_used_before(sandbox, task, checks):
    rows = run_task(replace(task, used=250.0, finished=frozenset(checks[2:]))).rows
    assert [row.used for row in rows] == [251.0, 252.0]


def test_run_task_reports_a_grader_fault_as_unfinished(sandbox, task, checks, monkeypatch):
    def broken(self, program):
        raise KeyError("a bug of the grader")

    monkeypatch.setattr(Oracle, "answer", broken)
    result = run_task(task)
    assert set(result.faults) == set(checks)
    assert not any(row.finished for row in result.rows)
    assert all("a bug of the grader" in row.fault for row in result.rows)


def test_run_task_returns_the_model_changes_of_training(sandbox, task, course, oracle, monkeypatch):
    name, check = "ResNet20_W2A2.pt", "2d.model.W2A2"
    content = (reference_models("shapes10") / name).read_bytes()

    def read(content):
        return torch.load(io.BytesIO(content), weights_only=True)

    monkeypatch.setattr(sandbox, "read_checkpoint", read)
    state, evaluator = (
        task_module._worker_state(SETTINGS),
        ModelEvaluator("shapes10", oracle, quick=True),
    )
    state.context = replace(course, evaluator=evaluator, selected=check)
    state.fingerprints = Fingerprints({check: "digest"})
    submission = Submission("ada", models={name: content, "ResNet20_W8A8.pt": b"not selected"})
    result = run_task(replace(task, submission=submission, fingerprints=state.fingerprints.digest))
    changes = ModelChanges(float_model("shapes10")).of(name, read(content))
    assert changes is not None
    assert result.changes.keys() == {name}
    assert np.array_equal(result.changes[name], changes)


def test_run_task_opens_a_fresh_sandbox_for_a_second_try(sandbox, task):
    run_task(task)
    assert sandbox.closed == 0
    run_task(replace(task, fresh=True))
    assert sandbox.closed == 1


def test_run_task_refuses_to_grade_with_another_kit(sandbox, task):
    with pytest.raises(WorkerUnfit, match="has another kit"):
        run_task(replace(task, fingerprints="those of another kit"))
    assert sandbox.programs == []


# From rows to reports ----------------------------------------------------------------------------


@pytest.fixture
def marking(rubric) -> GradingSetup:
    return GradingSetup(rubric, CHECK, "cifar10", quick=False)


def test_grading_setup_reports_the_same_as_grading_at_once(sandbox, task, marking, course):
    rows = {row.check: row for row in run_task(task).rows}
    at_once = grade_submission(task.submission, course, Sandbox())
    assert marking.report(task.submission, rows).to_json() == at_once.to_json()


def test_grading_setup_report_does_not_depend_on_row_order(sandbox, task, marking):
    rows = run_task(task).rows[:4]
    texts = {
        marking.report(task.submission, {row.check: row for row in some}).to_json()
        for some in permutations(rows)
    }
    assert len(texts) == 1


def test_grading_setup_sends_an_ungraded_check_to_staff(sandbox, task, marking):
    rows = {row.check: row for row in run_task(task).rows[1:]}
    parsed = ParsedSubmission(
        ExportEntry("ada", "ada", ("ada",)), replace(task.submission, models={})
    )
    outcome = marking.outcome(parsed, rows)
    first = outcome.report.checks[0]
    assert first.verdict is Verdict.GRADER_FAULT
    assert outcome.report.needs_staff == (first.id,)
    assert first.id in outcome.problem


def test_grading_setup_has_no_report_for_an_unreadable_submission(marking):
    outcome = marking.outcome(
        ParsedSubmission(ExportEntry("ada", "a.zip", ("ada",)), None, "", "It is no zip."), {}
    )
    assert (outcome.report, outcome.problem) == (None, "It is no zip.")
