"""Giving out work: nothing is lost, what dies is tried once more elsewhere, nobody else pays.

The executors here are scripts: what comes of each submission is written down beforehand.
"""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from autograder.course.task import Task, TaskResult, WorkerUnfit
from autograder.course.task_runner import run
from autograder.course.worker_pool import PoolUnavailable
from autograder.course.worker_setup import Settings
from quantlab.intake.submission import Submission


class KilledWorker(Exception):
    """As a cluster says that a worker was lost."""


@dataclass
class Script(Executor):
    """An executor whose `fates[student]` are what comes of each try, then nothing but success.

    "dies" breaks it, with everything under way; "killed" is a cluster's way, which breaks nothing;
    "faults" is a fault of the grader's.
    """

    fates: dict[str, list[str]]
    tries: Counter = field(default_factory=Counter)
    under_way: list[tuple[Future, Task]] = field(default_factory=list)
    most: int = 0
    broken: bool = False

    def submit(self, work, task):
        if self.broken:
            raise BrokenProcessPool("it was broken before")
        future = Future()
        self.under_way.append((future, task))
        self.most = max(self.most, len(self.under_way))
        return future

    def turn(self) -> None:
        """One task comes to its end: the one that was given out first."""
        future, task = self.under_way.pop(0)
        student = task.submission.student
        self.tries[student] += 1
        fate = self.fates.get(student, [])
        now = fate.pop(0) if fate else "ends"
        if now == "dies":
            self.broken = True
            for each, _ in [(future, task), *self.under_way]:
                each.set_exception(BrokenProcessPool("killed"))
            self.under_way.clear()
        elif now == "killed":
            future.set_exception(KilledWorker())
        elif now == "lost":
            future.set_exception(CancelledError())
        elif now == "unfit":
            future.set_exception(WorkerUnfit("another kit"))
        else:
            faults = ("1a.x",) if now == "faults" else ()
            future.set_result(TaskResult(student, (), faults, "here:1"))


@dataclass
class ScriptedPool:
    """Opens scripts that share their fates and remembers how each was opened, and with whom."""

    fates: dict[str, list[str]]
    wide: int = 3
    opened: list[tuple[str, Script]] = field(default_factory=list)
    reaches_files: bool = True
    died: tuple = (BrokenProcessPool, KilledWorker)
    lost: tuple = (CancelledError,)

    def open(self):
        return self._script("open")

    def alone(self):
        return self._script("alone")

    @contextmanager
    def _script(self, how: str) -> Iterator[Script]:
        script = Script(self.fates)
        self.opened.append((how, script))
        yield script

    def width(self, executor: Script) -> int:
        return self.wide

    def tried(self, how: str) -> list[set[str]]:
        """Who was tried in each executor that was opened like this."""
        return [set(script.tries) for kind, script in self.opened if kind == how]


@pytest.fixture(autouse=True)
def turns(monkeypatch):
    """Waiting lets the script that is open go on by one task."""

    def wait(futures, return_when):
        from concurrent.futures import wait as really  # noqa: PLC0415

        script = turns.pool.opened[-1][1]
        if script.under_way:
            script.turn()
        return really(futures, return_when=return_when)

    monkeypatch.setattr("autograder.course.task_runner.wait", wait)
    turns = type("Turns", (), {"pool": None})
    return turns


@pytest.fixture
def class_of(turns):
    """Runs a class through a pool and returns the results."""

    def go(students: str, pool: ScriptedPool):
        turns.pool = pool
        ended: list[str] = []
        fresh: list[str] = []

        def finished(task: Task, result: TaskResult) -> None:
            ended.append(result.student)
            if task.fresh:
                fresh.append(result.student)

        tasks = (
            Task(Submission(student), "content", Settings("shapes10"), "d") for student in students
        )
        setbacks = run(tasks, pool, finished, again=lambda task: task)
        died = [task.submission.student for task in setbacks.died]
        faulted = [task.submission.student for task in setbacks.faulted]
        return ended, fresh, died, faulted

    return go


def test_run_grades_every_submission_once_with_few_tasks_in_flight(class_of):
    pool = ScriptedPool({})
    ended, fresh, died, faulted = class_of("abcdefgh", pool)
    assert sorted(ended) == list("abcdefgh")
    assert (fresh, died, faulted) == ([], [], [])
    assert [(how, script.most) for how, script in pool.opened] == [("open", 3)]


def test_run_retries_suspects_alone_after_a_worker_dies(class_of):
    pool = ScriptedPool({"b": ["dies"]})
    ended, fresh, died, faulted = class_of("abcdefgh", pool)
    assert sorted(ended) == list("abcdefgh")
    assert (died, faulted) == ([], [])
    assert "b" in fresh  # the second time behind a new sandbox
    assert all(len(some) == 1 for some in pool.tried("alone"))


def test_run_reports_a_submission_that_kills_its_worker_twice(class_of):
    pool = ScriptedPool({"b": ["dies", "dies", "dies"]})
    ended, _, died, _ = class_of("abcdefgh", pool)
    assert died == ["b"]
    assert sorted(ended) == list("acdefgh")


def test_run_retries_once_a_worker_lost_by_a_cluster(class_of):
    pool = ScriptedPool({"a": ["killed"], "b": ["killed", "killed"]})
    ended, _, died, _ = class_of("abc", pool)
    assert sorted(ended) == ["a", "c"]
    assert died == ["b"]


def test_run_retries_a_grader_fault_once_in_new_processes(class_of):
    pool = ScriptedPool({"a": ["faults"], "b": ["faults", "faults", "faults"]})
    ended, fresh, died, faulted = class_of("abc", pool)
    assert pool.tried("open") == [{"a", "b", "c"}, {"a", "b"}]
    assert fresh == ["a", "b"]
    assert (died, faulted) == ([], ["b"])
    assert Counter(ended) == {"a": 2, "b": 2, "c": 1}


def test_run_stops_with_a_sentence_when_workers_only_die(class_of):
    pool = ScriptedPool({student: ["dies"] for student in "abcdefghijklmnopqrstuvwxyz"})
    with pytest.raises(PoolUnavailable, match=r"died 4 times in a row.*--jobs"):
        class_of("abcdefghijklmnopqrstuvwxyz", pool)


def test_run_stops_with_a_sentence_when_the_cluster_is_lost(class_of):
    with pytest.raises(PoolUnavailable, match="The cluster is gone"):
        class_of("abc", ScriptedPool({"b": ["lost"]}))


def test_run_stops_at_a_worker_with_another_kit(class_of):
    with pytest.raises(WorkerUnfit, match="another kit"):
        class_of("abc", ScriptedPool({"a": ["unfit"]}))
