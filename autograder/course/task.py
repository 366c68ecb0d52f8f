"""One unit of work: marking one submission in one process, on any machine that has the kit.

A `Task` says all there is to know, so that any worker can take it: the submission, which of its
checks are finished, and the digest of the conditions under which it must be marked. A worker keeps
one bench for all its tasks: the course, and a sandbox of its own. What comes of each check goes
into the journal at once where the worker can reach it, else it comes back with `Done`.

`WorkerUnfit` is raised by a worker that must not mark: it has another kit, another secret, other
instructions, or can't hold student code back. That is no task's fault, and ends the run with a
sentence.
"""

import functools
import os
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path

import torch

from autograder.course.audit.changes import Changes, ModelChanges, NotingPlayer
from autograder.course.fingerprints import Conditions, conditions
from autograder.course.journal import Journal, Row
from autograder.course.worker_setup import Settings, open_sandbox
from autograder.engine.corpus import load_mutants
from autograder.grading.preparation import SetupError, prepare_grading, refuse_other_arithmetic
from autograder.grading.submission import GradingContext, Trace, grade_checks, select_checks
from autograder.intake.submission import Submission
from autograder.sandbox.host import Sandbox
from autograder.sandbox.self_test import IsolationUnavailable
from quantlab.paths import float_model


class WorkerUnfit(Exception):
    """This worker would mark differently from the others; the message says in what."""


@dataclass(frozen=True)
class Task:
    """A submission to be marked, of whose checks some are `finished`.

    `content` is its digest, `conditions` that of the conditions. `used` is the processor time that
    its code has taken so far, in seconds. `journal` is where rows are written, None if they are to
    come back. With `fresh` the sandbox is started again before.
    """

    submission: Submission
    content: str
    settings: Settings
    conditions: str
    finished: frozenset[str] = frozenset()
    used: float = 0.0
    journal: Path | None = None
    fresh: bool = False


@dataclass(frozen=True)
class Done:
    """That a task is done. `rows` are those that the worker did not journal itself.

    `faults` names the checks in which the grader failed; `worker` is where, "host:process".
    `changes` are what the audit compares of the models that were read.
    """

    student: str
    rows: tuple[Row, ...]
    faults: tuple[str, ...]
    worker: str
    changes: Changes = field(default_factory=dict)


@dataclass
class _Bench:
    """What a worker keeps between tasks; one task at a time works on it."""

    course: GradingContext
    conditions: Conditions
    sandbox: Sandbox
    in_use: threading.Lock


def mark_submission(task: Task) -> Done:
    """Mark the checks of `task` that are not finished. Raises `WorkerUnfit`, `JournalError`."""
    bench = _bench(task.settings)
    if bench.conditions.digest != task.conditions:
        raise WorkerUnfit(
            f"The worker {here()} has another kit, rubric, course secret, data set or version of "
            "torch or numpy than the machine that gives out the work: make them the same (one "
            "shared folder does), and start the workers again."
        )
    with bench.in_use:
        if task.fresh:
            bench.sandbox.close()
        if task.journal is None:
            return _mark(task, bench, None)
        with Journal(task.journal) as journal:
            done = _mark(task, bench, journal)
            journal.settle()
            return done


def here() -> str:
    """This process among all machines', "host:process"."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _mark(task: Task, bench: _Bench, journal: Journal | None) -> Done:
    submission, trace, executor = task.submission, Trace(), NotingPlayer(bench.sandbox)
    bench.sandbox.count_earlier(submission.solution or "", task.used)
    rows, faults = [], []
    for marked in grade_checks(submission, bench.course, executor, trace, task.finished):
        check = marked.result.id
        row = Row(
            student=submission.student,
            content=task.content,
            decides=bench.conditions.decides[check],
            marked=marked,
            seconds=trace.seconds[check],
            used=bench.sandbox.used_seconds,
            isolation=bench.sandbox.isolation,
            fault=trace.faults.get(check) or trace.faults.get("import", ""),
        )
        if not row.finished:
            faults.append(check)
        if journal is None:
            rows.append(row)
        else:
            journal.add([row])
    changes = executor.changes(submission, _model_changes(bench.course.evaluator.dataset))
    return Done(submission.student, tuple(rows), tuple(faults), here(), changes)


@functools.cache
def _model_changes(dataset: str) -> ModelChanges:
    return ModelChanges(float_model(dataset))


@functools.lru_cache(maxsize=1)  # as `open_sandbox`
def _bench(settings: Settings) -> _Bench:
    torch.set_num_threads(1)  # the other cores have workers of their own
    try:
        course = prepare_grading(settings.dataset, settings.check, settings.quick)
        found = _conditions(course, settings)
        sandbox = open_sandbox(settings.tier, settings.allow_unsafe)
        refuse_other_arithmetic(sandbox.arithmetic)
    except (SetupError, IsolationUnavailable, OSError) as problem:
        raise WorkerUnfit(f"The worker {here()} can't mark. {problem}") from problem
    return _Bench(course, found, sandbox, threading.Lock())


def _conditions(course: GradingContext, settings: Settings) -> Conditions:
    return conditions(
        course.rubric,
        select_checks(course.rubric, settings.check),
        load_mutants(),
        course.secret,
        settings.dataset,
        settings.quick,
    )
