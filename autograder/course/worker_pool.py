"""Who marks: worker processes of this machine, or those of a Dask cluster.

Both are a `concurrent.futures.Executor` to the runner. `CrewUnavailable` is raised where there is
none to be had, and where a cluster is lost on the way.
"""

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import AbstractContextManager, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

_WORKER_BYTES = 1024 * 2**20  # a worker and its sandbox while they measure a model
_AT_LEAST_WAITING = 4  # tasks at a cluster that has no worker yet
_CONNECT_SECONDS = 30


class CrewUnavailable(Exception):
    """Nobody can mark; the message says why and what to do."""


class CrewLost(CrewUnavailable):
    """There was somebody to mark, and is no more."""

    def __init__(self) -> None:
        super().__init__(
            "The cluster is gone. What was marked is in the journal; the same command goes on when "
            "there is a scheduler again."
        )


class Crew(Protocol):
    """Opens executors; `reaches_files` tells that its workers see this machine's folders."""

    @property
    def reaches_files(self) -> bool: ...

    def close(self) -> None:
        """Nobody is needed any more."""

    def open(self) -> AbstractContextManager[Executor]:
        """Workers, none of which has marked before."""

    def alone(self) -> AbstractContextManager[Executor]:
        """One worker that nobody else can take with it when it dies."""

    def width(self, executor: Executor) -> int:
        """How many tasks are worth having under way."""

    @property
    def died(self) -> tuple[type[BaseException], ...]:
        """What a future raises whose worker ended."""

    @property
    def lost(self) -> tuple[type[BaseException], ...]:
        """What a future raises when there is no executor any more, and none will come."""


# This machine ------------------------------------------------------------------------------------


@contextmanager
def _ctrl_c_later() -> Iterator[None]:
    """Ctrl-C counts after it, not in the middle; processes started meanwhile never get one.

    A signal that this thread holds back may still come to another, so that it is noted, too.
    """
    came: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt


class _Workers(ProcessPoolExecutor):
    """Its processes, which may start with a task, are started whole."""

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        with _ctrl_c_later():
            return super().submit(work, *args, **kwargs)


class _Pool:
    """Worker processes held on a leash, one of which is started at once.

    The others start with the first tasks, when that one is ready: importing beside it they would
    only keep the first mark waiting. Belongs to the main thread.
    """

    def __init__(self, jobs: int, begin: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        context = multiprocessing.get_context("spawn")
        with _ctrl_c_later():
            self._held, self._leash = context.Pipe(duplex=False)
            self.executor = _Workers(
                jobs, context, initializer=_start, initargs=(self._held, begin, arguments)
            )
            self._first = self.executor.submit(_nothing)

    def wait(self) -> None:
        """Until the first process is ready, or has died."""
        wait([self._first])

    def finish(self) -> None:
        """Wait for what was given out."""
        self.executor.shutdown()

    def let_go(self) -> None:
        """Whoever still marks ends now."""
        self._leash.close()
        self.executor.shutdown(wait=False, cancel_futures=True)
        self._held.close()


class LocalCrew:
    """`jobs` processes of this machine; `begin(*arguments)` is called in each when it starts.

    The first is started when the crew is made, to be ready when there is a task. They end with this
    process, however that ends, and at once: their rows are in the journal.
    """

    reaches_files = True
    died: tuple[type[BaseException], ...] = (BrokenExecutor,)
    lost: tuple[type[BaseException], ...] = ()

    def __init__(
        self, jobs: int, begin: Callable[..., object], arguments: tuple[Any, ...] = ()
    ) -> None:
        self._jobs = jobs
        self._start = begin, arguments
        self._ready: _Pool | None = _Pool(jobs, begin, arguments)

    def close(self) -> None:
        """Lets those go who were not needed."""
        if self._ready is not None:
            self._ready.let_go()
            self._ready = None

    def open(self) -> AbstractContextManager[Executor]:
        ready, self._ready = self._ready, None
        return self._used(ready or _Pool(self._jobs, *self._start))

    def alone(self) -> AbstractContextManager[Executor]:
        return self._used(_Pool(1, *self._start))

    def width(self, executor: Executor) -> int:
        return self._jobs + 1  # one waits, so that no worker has to

    @contextmanager
    def _used(self, pool: _Pool) -> Iterator[Executor]:
        try:
            pool.wait()
            yield pool.executor
            pool.finish()
        finally:
            pool.let_go()


def _nothing() -> None:
    """The task that has the first process started."""


def _start(held: Connection, begin: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    """In a worker process, before its first task."""
    # Ctrl-C is for the process that gives out work. Not SIG_IGN, which student code would inherit.
    signal.signal(signal.SIGINT, lambda number, frame: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with, args=(held,), daemon=True).start()
    begin(*arguments)


def _end_with(held: Connection) -> None:
    """End this process when the other end of `held` is closed, by whomever."""
    try:
        held.recv_bytes()
    except (EOFError, OSError):
        os._exit(1)


def fitting_jobs() -> int:
    """As many workers as this process has cores and memory for."""
    cores = len(os.sched_getaffinity(0))
    return max(1, min(cores, _free_memory() // _WORKER_BYTES))


def _free_memory() -> int:
    """Bytes, of the machine or of the control group, whichever has less."""
    free = []
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            free.append(int(line.split()[1]) * 1024)
    try:
        folder = Path("/sys/fs/cgroup")
        limit = (folder / "memory.max").read_text(encoding="ascii").strip()
        used = (folder / "memory.current").read_text(encoding="ascii").strip()
        if limit != "max":
            free.append(int(limit) - int(used))
    except (OSError, ValueError):  # no such group, or an older kernel
        pass
    return min(free, default=_WORKER_BYTES)


# A cluster ---------------------------------------------------------------------------------------


class DaskCrew:
    """The workers of the Dask scheduler at `address`, such as tcp://host:8786.

    `begin(*arguments)` is called at once in those that are there, in the thread that will mark.
    They come and go as the cluster has them. A task whose worker dies is given to another by the
    scheduler; after some deaths it is given back. Raises `CrewUnavailable`.
    """

    reaches_files = False
    lost: tuple[type[BaseException], ...] = (CancelledError,)

    def __init__(
        self, address: str, begin: Callable[..., object], arguments: tuple[Any, ...] = ()
    ) -> None:
        try:
            import distributed  # noqa: PLC0415 - an extra, and slow to import
        except ModuleNotFoundError as missing:
            raise CrewUnavailable(
                f"{missing.name} is missing: pip install -e '.[cluster]'."
            ) from missing
        for name in logging.root.manager.loggerDict:
            if name.split(".")[0] == "distributed":  # what matters is told in a sentence
                logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            self._client = distributed.Client(
                address, timeout=_CONNECT_SECONDS, set_as_default=False
            )
        except (OSError, ValueError, TimeoutError) as error:
            raise CrewUnavailable(
                f"There is no Dask scheduler at {address} ({error}): start one with "
                "dask scheduler, and give its address as tcp://host:8786."
            ) from error
        self.died: tuple[type[BaseException], ...] = (distributed.scheduler.KilledWorker,)
        self._beginning = [
            self._client.submit(begin, *arguments, workers=[worker], pure=False)
            for worker in self._client.nthreads()
        ]

    def close(self) -> None:
        """Leave the cluster; its workers go on without this class."""
        self._client.close()

    def open(self) -> AbstractContextManager[Executor]:
        return self._executor()

    def alone(self) -> AbstractContextManager[Executor]:
        return self._executor()

    def width(self, executor: Executor) -> int:
        try:
            threads = sum(self._client.nthreads().values())
        except OSError as error:
            raise CrewLost from error
        return max(_AT_LEAST_WAITING, 2 * threads)

    @contextmanager
    def _executor(self) -> Iterator[Executor]:
        executor = self._client.get_executor(pure=False)
        try:
            yield executor
        finally:
            executor.shutdown(wait=False)
