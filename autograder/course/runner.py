"""Gives out the submissions of a class, and sees that each is marked, whatever dies meanwhile.

Written against `concurrent.futures.Executor` alone. A few tasks are under way at a time, so that a
class never has to fit into memory. What fails through no fault of a student's gets one more try at
the end, elsewhere: a check in which the grader failed, behind a new sandbox in new processes; a
submission whose worker died, alone in a process, so that no other can be taken for the culprit.
What fails again is for people.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from autograder.course.task import Done, Task, mark_submission
from autograder.course.worker_pool import Crew, CrewLost, CrewUnavailable

_BARREN = 4  # executors that break in a row before it is taken for the machine's fault

Finished = Callable[[Task, Done], None]
Again = Callable[[Task], Task]  # the task as it stands now, with what is finished left out


@dataclass(frozen=True)
class Setbacks:
    """Tasks that did not end well: whose worker died, and in which the grader failed."""

    died: tuple[Task, ...] = ()
    faulted: tuple[Task, ...] = ()


def run(tasks: Iterable[Task], crew: Crew, finished: Finished, again: Again) -> Setbacks:
    """Have all tasks done; returns those that failed twice.

    `finished` is called here, in this thread, for every task that ends. Raises what a worker
    raises that must not mark at all (`WorkerUnfit`, `JournalError`), and `CrewUnavailable`.
    """
    first = _Round(crew, finished).work(tasks, crew.open)
    second = _Round(crew, finished).work(_fresh(first.faulted, again), crew.open)
    lonely = [
        _Round(crew, finished).work(_fresh([task], again), crew.alone)
        for task in (*first.died, *second.died)
    ]
    return Setbacks(
        died=tuple(task for one in lonely for task in one.died),
        faulted=(*second.faulted, *(task for one in lonely for task in one.faulted)),
    )


def _fresh(tasks: Iterable[Task], again: Again) -> Iterator[Task]:
    return (replace(again(task), fresh=True) for task in tasks)


class _Round:
    """Every task once, by executors that are opened again when one breaks."""

    def __init__(self, crew: Crew, finished: Finished) -> None:
        self._crew = crew
        self._finished = finished
        self._died: list[Task] = []
        self._faulted: list[Task] = []
        self._barren = 0  # executors in a row that broke before one task was done

    def work(
        self, tasks: Iterable[Task], opened: Callable[[], AbstractContextManager[Executor]]
    ) -> Setbacks:
        waiting = _Waiting(tasks)
        while waiting.more():
            with opened() as executor:
                self._until_broken(waiting, executor)
            if self._barren >= _BARREN:
                raise CrewUnavailable(
                    f"The workers died {self._barren} times in a row before one of them had marked "
                    "anything: give them more memory, or take fewer with --jobs. What was marked "
                    "is in the journal."
                )
        return Setbacks(tuple(self._died), tuple(self._faulted))

    def _until_broken(self, waiting: "_Waiting", executor: Executor) -> None:
        under_way: dict[Future[Done], Task] = {}
        broken = False
        while True:
            while not broken and len(under_way) < self._crew.width(executor) and waiting.more():
                task = waiting.take()
                try:
                    under_way[executor.submit(mark_submission, task)] = task
                except BrokenExecutor:  # nobody has begun it
                    waiting.put_back(task)
                    broken = True
            if not under_way:
                self._barren += broken
                return
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                broken = self._ended(future, under_way.pop(future)) or broken

    def _ended(self, future: "Future[Done]", task: Task) -> bool:
        """Takes note of how a task ended; returns whether the executor broke over it."""
        try:
            done = future.result()
        except self._crew.died as error:
            self._died.append(task)
            return isinstance(error, BrokenExecutor)
        except self._crew.lost as error:
            raise CrewLost from error
        self._barren = 0
        if done.faults:
            self._faulted.append(task)
        self._finished(task, done)
        return False


class _Waiting:
    """Tasks to be given out, made one by one; one that was not taken may be put back."""

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
