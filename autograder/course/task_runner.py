"""Run the tasks of a class on a worker pool, whatever fails meanwhile.

It uses `concurrent.futures.Executor` alone. A few tasks run at a time, so a class need not fit into
memory. Failures that are not the student's get a second try at the end. A check in which the grader
failed runs in new processes with a new sandbox. A submission whose worker died runs alone, so that
no other submission is blamed. What fails again is left to staff.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from autograder.course.task import Task, TaskResult, run_task
from autograder.course.worker_pool import PoolLost, PoolUnavailable, WorkerPool

_MOST_BROKEN = 4  # executors in a row; more is the machine's fault

OnFinished = Callable[[Task, TaskResult], None]
Refresh = Callable[[Task], Task]  # the same task without the checks finished since


@dataclass(frozen=True)
class FailedTasks:
    """Holds the tasks whose worker died, and those in which the grader failed."""

    died: tuple[Task, ...] = ()
    faulted: tuple[Task, ...] = ()


def run(
    tasks: Iterable[Task], pool: WorkerPool, finished: OnFinished, again: Refresh
) -> FailedTasks:
    """Run all tasks and return those that failed twice.

    `finished` is called in this thread for every task that ends.

    Raises:
        WorkerUnfit, JournalError: a worker cannot grade at all.
        PoolUnavailable: there are no workers.
    """
    first = _Round(pool, finished).work(tasks, pool.open)
    second = _Round(pool, finished).work(_fresh(first.faulted, again), pool.open)
    alone = [
        _Round(pool, finished).work(_fresh([task], again), pool.alone)
        for task in (*first.died, *second.died)
    ]
    return FailedTasks(
        died=tuple(task for failed in alone for task in failed.died),
        faulted=(*second.faulted, *(task for failed in alone for task in failed.faulted)),
    )


def _fresh(tasks: Iterable[Task], again: Refresh) -> Iterator[Task]:
    return (replace(again(task), fresh=True) for task in tasks)


class _Round:
    """Runs every task once, with a new executor when one breaks."""

    def __init__(self, pool: WorkerPool, finished: OnFinished) -> None:
        self._pool = pool
        self._finished = finished
        self._died: list[Task] = []
        self._faulted: list[Task] = []
        self._broken = 0  # executors in a row that broke before one task was done

    def work(
        self, tasks: Iterable[Task], opened: Callable[[], AbstractContextManager[Executor]]
    ) -> FailedTasks:
        waiting = _Waiting(tasks)
        while waiting.more():
            with opened() as executor:
                self._until_broken(waiting, executor)
            if self._broken >= _MOST_BROKEN:
                raise PoolUnavailable(
                    f"The workers died {self._broken} times in a row before one of them graded "
                    "anything. Give them more memory, or use fewer with --jobs. What is graded is "
                    "in the journal."
                )
        return FailedTasks(tuple(self._died), tuple(self._faulted))

    def _until_broken(self, waiting: "_Waiting", executor: Executor) -> None:
        under_way: dict[Future[TaskResult], Task] = {}
        broken = False
        while True:
            while not broken and len(under_way) < self._pool.width(executor) and waiting.more():
                task = waiting.take()
                try:
                    under_way[executor.submit(run_task, task)] = task
                except BrokenExecutor:  # the task did not start
                    waiting.put_back(task)
                    broken = True
            if not under_way:
                self._broken += broken
                return
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                broken = self._ended(future, under_way.pop(future)) or broken

    def _ended(self, future: "Future[TaskResult]", task: Task) -> bool:
        """Record how a task ended and return whether it broke the executor."""
        try:
            done = future.result()
        except self._pool.died as error:
            self._died.append(task)
            return isinstance(error, BrokenExecutor)
        except self._pool.lost as error:
            raise PoolLost from error
        self._broken = 0
        if done.faults:
            self._faulted.append(task)
        self._finished(task, done)
        return False


class _Waiting:
    """Creates the tasks one by one; a task that did not start may be put back."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._tasks = iter(tasks)
        self._next: deque[Task] = deque()

    def more(self) -> bool:
        if not self._next:
            self._next.extend(task for task in [next(self._tasks, None)] if task is not None)
        return bool(self._next)

    def take(self) -> Task:
        return self._next.popleft()

    def put_back(self, task: Task) -> None:
        self._next.appendleft(task)
