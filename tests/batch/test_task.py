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
    one = Sandbox()
    state = task_module._WorkerState(course, fingerprints, one, threading.Lock())  # type: ignore[arg-type]
    monkeypatch.setattr(task_module, "_worker_state", lambda settings: state)
    return one


@pytest.fixture
def task(reference_source, fingerprints) -> Task:
    return Task(Submission("ada", reference_source), "content", SETTINGS, fingerprints.digest)


def test_without_a_journal_the_rows_come_back(sandbox, task, checks):
    done = run_task(task)
    assert [row.check for row in done.rows] == checks
    assert {row.fingerprint for row in done.rows} == {"digest"}
    assert (done.student, done.faults) == ("ada", ())


def test_each_check_is_in_the_journal_before_the_next_begins(
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


def test_what_is_finished_is_not_run_again(sandbox, task, checks):
    done = run_task(replace(task, finished=frozenset(checks[1:])))
    assert [row.check for row in done.rows] == checks[:1]
    assert len(sandbox.programs) == 1


def test_the_time_that_the_code_has_used_is_counted_on(sandbox, task, checks):
    rows = run_task(replace(task, used=250.0, finished=frozenset(checks[2:]))).rows
    assert [row.used for row in rows] == [251.0, 252.0]


def test_a_fault_of_the_graders_is_named_and_not_finished(sandbox, task, checks, monkeypatch):
    def broken(self, program):
        raise KeyError("a bug of the grader")

    monkeypatch.setattr(Oracle, "answer", broken)
    done = run_task(task)
    assert set(done.faults) == set(checks)
    assert not any(row.finished for row in done.rows)
    assert all("a bug of the grader" in row.fault for row in done.rows)


def test_what_training_changed_in_a_model_comes_back_with_its_mark(
    sandbox, task, course, oracle, monkeypatch
):
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
    done = run_task(replace(task, submission=submission, fingerprints=state.fingerprints.digest))
    changes = ModelChanges(float_model("shapes10")).of(name, read(content))
    assert changes is not None
    assert done.changes.keys() == {name}
    assert np.array_equal(done.changes[name], changes)


def test_a_second_try_begins_with_another_sandbox(sandbox, task):
    run_task(task)
    assert sandbox.closed == 0
    run_task(replace(task, fresh=True))
    assert sandbox.closed == 1


def test_a_worker_with_another_kit_marks_nothing(sandbox, task):
    with pytest.raises(WorkerUnfit, match="has another kit"):
        run_task(replace(task, fingerprints="those of another kit"))
    assert sandbox.programs == []


# From rows to reports ----------------------------------------------------------------------------


@pytest.fixture
def marking(rubric) -> GradingSetup:
    return GradingSetup(rubric, CHECK, "cifar10", quick=False)


def test_the_report_of_rows_is_that_of_marking_at_once(sandbox, task, marking, course):
    rows = {row.check: row for row in run_task(task).rows}
    at_once = grade_submission(task.submission, course, Sandbox())
    assert marking.report(task.submission, rows).to_json() == at_once.to_json()


def test_it_does_not_matter_in_what_order_rows_came(sandbox, task, marking):
    rows = run_task(task).rows[:4]
    texts = {
        marking.report(task.submission, {row.check: row for row in some}).to_json()
        for some in permutations(rows)
    }
    assert len(texts) == 1


def test_a_check_that_nobody_could_mark_is_neither_a_zero_nor_a_full_mark(sandbox, task, marking):
    rows = {row.check: row for row in run_task(task).rows[1:]}
    seen = ParsedSubmission(
        ExportEntry("ada", "ada", ("ada",)), replace(task.submission, models={})
    )
    outcome = marking.outcome(seen, rows)
    first = outcome.report.checks[0]
    assert first.verdict is Verdict.GRADER_FAULT
    assert outcome.report.needs_staff == (first.id,)
    assert first.id in outcome.problem


def test_a_hand_in_that_could_not_be_read_has_no_report(marking):
    outcome = marking.outcome(
        ParsedSubmission(ExportEntry("ada", "a.zip", ("ada",)), None, "", "It is no zip."), {}
    )
    assert (outcome.report, outcome.problem) == (None, "It is no zip.")
