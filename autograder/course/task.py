"""Grade one submission in one process, on any machine that has the kit.

A `Task` is complete, so any worker can take it: the submission, its finished checks, and the digest
of the fingerprints that the worker must have. A worker keeps one state for all its tasks: the
course, and a sandbox of its own. It writes each result into the journal at once, or returns the
rows in its `TaskResult` if it cannot reach the file.

`WorkerUnfit` ends the run: the worker has another kit, secret or settings, or no sandbox.
"""

import functools
import os
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path

import torch

from autograder.course.audit.model_changes import Changes, ModelChanges, RecordingExecutor
from autograder.course.fingerprints import Fingerprints, compute_fingerprints
from autograder.course.journal import Journal, Row
from autograder.course.worker_setup import Settings, open_sandbox
from autograder.engine.corpus import load_mutants
from autograder.errors import AutograderError
from autograder.grading.preparation import SetupError, prepare_grading, refuse_other_arithmetic
from autograder.grading.submission import GradingContext, Trace, grade_checks, select_checks
from autograder.sandbox.host import Sandbox
from autograder.sandbox.self_test import IsolationUnavailable
from quantlab.intake.submission import Submission
from quantlab.paths import float_model


class WorkerUnfit(AutograderError):
    """This worker would grade differently from the others; the message says why."""


@dataclass(frozen=True)
class Task:
    """Holds a submission to grade; some of its checks may be `finished`.

    `content` is the digest of the submission, `fingerprints` that of everything else. `used` is the
    processor time of its code so far, in seconds. `journal` is where rows are written, None to
    return them. `fresh` restarts the sandbox first.
    """

    submission: Submission
    content: str
    settings: Settings
    fingerprints: str
    finished: frozenset[str] = frozenset()
    used: float = 0.0
    journal: Path | None = None
    fresh: bool = False


@dataclass(frozen=True)
class TaskResult:
    """Holds the result of a task. `rows` are those that are not in the journal yet.

    `faults` names the checks in which the grader failed; `worker` is "host:process". `changes` are
    those of the saved models, for the audit.
    """

    student: str
    rows: tuple[Row, ...]
    faults: tuple[str, ...]
    worker: str
    changes: Changes = field(default_factory=dict)


@dataclass
class _WorkerState:
    """Holds what a worker keeps between tasks; one task at a time uses it."""

    context: GradingContext
    fingerprints: Fingerprints
    sandbox: Sandbox
    in_use: threading.Lock


def run_task(task: Task) -> TaskResult:
    """Grade the unfinished checks of a task.

    Raises:
        WorkerUnfit: this worker has another kit, secret or settings, or no sandbox.
        JournalError: the journal cannot be written.
    """
    state = _worker_state(task.settings)
    if state.fingerprints.digest != task.fingerprints:
        raise WorkerUnfit(
            f"The worker {here()} has another kit, rubric, course secret, data set or version of "
            "torch or numpy than this machine. Make them the same, for example with one shared "
            "folder, and start the workers again."
        )
    with state.in_use:
        if task.fresh:
            state.sandbox.close()
        if task.journal is None:
            return _grade(task, state, None)
        with Journal(task.journal) as journal:
            done = _grade(task, state, journal)
            journal.settle()
            return done


def here() -> str:
    """Return the name of this process among all machines, "host:process"."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _grade(task: Task, state: _WorkerState, journal: Journal | None) -> TaskResult:
    submission, trace, executor = task.submission, Trace(), RecordingExecutor(state.sandbox)
    state.sandbox.count_earlier(submission.solution or "", task.used)
    rows, faults = [], []
    for graded in grade_checks(submission, state.context, executor, trace, task.finished):
        check = graded.result.id
        row = Row(
            student=submission.student,
            content=task.content,
            fingerprint=state.fingerprints.by_check[check],
            graded=graded,
            seconds=trace.seconds[check],
            used=state.sandbox.used_seconds,
            isolation=state.sandbox.isolation,
            fault=trace.faults.get(check) or trace.faults.get("import", ""),
        )
        if not row.finished:
            faults.append(check)
        if journal is None:
            rows.append(row)
        else:
            journal.add([row])
    changes = executor.changes(submission, _model_changes(state.context.evaluator.dataset))
    return TaskResult(submission.student, tuple(rows), tuple(faults), here(), changes)


@functools.cache
def _model_changes(dataset: str) -> ModelChanges:
    return ModelChanges(float_model(dataset))


@functools.lru_cache(maxsize=1)  # as `open_sandbox`
def _worker_state(settings: Settings) -> _WorkerState:
    torch.set_num_threads(1)  # the other cores have workers of their own
    try:
        context = prepare_grading(settings.dataset, settings.check, settings.quick)
        fingerprints = _fingerprints(context, settings)
        sandbox = open_sandbox(settings.tier, settings.allow_unsafe)
        refuse_other_arithmetic(sandbox.arithmetic)
    except (SetupError, IsolationUnavailable, OSError) as problem:
        raise WorkerUnfit(f"The worker {here()} can't grade. {problem}") from problem
    return _WorkerState(context, fingerprints, sandbox, threading.Lock())


def _fingerprints(context: GradingContext, settings: Settings) -> Fingerprints:
    return compute_fingerprints(
        context.rubric,
        select_checks(context.rubric, settings.check),
        load_mutants(),
        context.secret,
        settings.dataset,
        settings.quick,
    )
