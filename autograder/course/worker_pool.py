"""Worker pools: processes of this machine, or the workers of a Dask cluster.

The runner uses both as a `concurrent.futures.Executor`. Errors: `PoolUnavailable`, and its subclass
`PoolLost` if a cluster ends during the run.
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

from autograder.errors import AutograderError

_WORKER_BYTES = 1024 * 2**20  # a worker and its sandbox while they measure a model
_LEAST_QUEUED = 4  # tasks sent to a cluster that has no worker yet
_CONNECT_SECONDS = 30


class PoolUnavailable(AutograderError):
    """There are no workers; the message says why and what to do."""


class PoolLost(PoolUnavailable):
    """The cluster ended during the run."""

    def __init__(self) -> None:
        """Set the message."""
        super().__init__(
            "The cluster is gone. What is graded is in the journal. Run the same command again "
            "when there is a scheduler."
        )


class WorkerPool(Protocol):
    """Opens executors for the runner."""

    @property
    def reaches_files(self) -> bool:
        """Return whether the workers see the folders of this machine."""

    def close(self) -> None:
        """End the workers that are not in use."""

    def open(self) -> AbstractContextManager[Executor]:
        """Open new workers."""

    def alone(self) -> AbstractContextManager[Executor]:
        """Open one worker whose death affects no other task."""

    def width(self, executor: Executor) -> int:
        """Return how many tasks to have in progress."""

    @property
    def died(self) -> tuple[type[BaseException], ...]:
        """Return the errors of a future whose worker died."""

    @property
    def lost(self) -> tuple[type[BaseException], ...]:
        """Return the errors of a future whose executor is gone for good."""


# This machine ------------------------------------------------------------------------------------


@contextmanager
def _ctrl_c_later() -> Iterator[None]:
    """Delay Ctrl-C until the end of the context; processes started meanwhile never get one.

    Another thread may still receive a signal that this thread blocks, so a handler records it.
    """
    received: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    signal.signal(signal.SIGINT, lambda number, frame: received.append(number))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, before)
    if received:
        raise KeyboardInterrupt


class _UninterruptedExecutor(ProcessPoolExecutor):
    """Starts its processes without interruption by Ctrl-C."""

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        with _ctrl_c_later():
            return super().submit(work, *args, **kwargs)


class _WorkerProcesses:
    """Starts worker processes that end with this process. The main thread owns it.

    One starts at once. The others start with the first tasks, so that their imports do not delay
    the first result.
    """

    def __init__(self, jobs: int, begin: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        context = multiprocessing.get_context("spawn")
        with _ctrl_c_later():
            self._other_end, self._end = context.Pipe(duplex=False)
            self.executor = _UninterruptedExecutor(
                jobs,
                context,
                initializer=_start_worker,
                initargs=(self._other_end, begin, arguments),
            )
            self._first = self.executor.submit(_do_nothing)

    def wait(self) -> None:
        """Wait until the first process is ready, or has died."""
        wait([self._first])

    def finish(self) -> None:
        """Wait for the submitted tasks."""
        self.executor.shutdown()

    def end(self) -> None:
        """End all processes now."""
        self._end.close()
        self.executor.shutdown(wait=False, cancel_futures=True)
        self._other_end.close()


class LocalPool:
    """Runs tasks in processes of this machine.

    The first starts at once, to be ready for the first task. All end with this process, however it
    ends; their rows are in the journal.
    """

    reaches_files = True
    died: tuple[type[BaseException], ...] = (BrokenExecutor,)
    lost: tuple[type[BaseException], ...] = ()

    def __init__(
        self, jobs: int, begin: Callable[..., object], arguments: tuple[Any, ...] = ()
    ) -> None:
        """Start the first of `jobs` processes; each calls `begin(*arguments)` first."""
        self._jobs = jobs
        self._start = begin, arguments
        self._ready: _WorkerProcesses | None = _WorkerProcesses(jobs, begin, arguments)

    def close(self) -> None:
        """End the processes that are not in use."""
        if self._ready is not None:
            self._ready.end()
            self._ready = None

    def open(self) -> AbstractContextManager[Executor]:
        """Open new processes; see `WorkerPool`."""
        ready, self._ready = self._ready, None
        return self._used(ready or _WorkerProcesses(self._jobs, *self._start))

    def alone(self) -> AbstractContextManager[Executor]:
        """Open one process; see `WorkerPool`."""
        return self._used(_WorkerProcesses(1, *self._start))

    def width(self, executor: Executor) -> int:
        """Return how many tasks to have in progress."""
        return self._jobs + 1  # one is queued, so that no worker waits

    @contextmanager
    def _used(self, pool: _WorkerProcesses) -> Iterator[Executor]:
        try:
            pool.wait()
            yield pool.executor
            pool.finish()
        finally:
            pool.end()


def _do_nothing() -> None:
    """Do nothing: the task that starts the first process."""


def _start_worker(
    other_end: Connection, begin: Callable[..., object], arguments: tuple[Any, ...]
) -> None:
    """Prepare a worker process before its first task."""
    # Ctrl-C is for the main process. Not SIG_IGN: student code would inherit it.
    signal.signal(signal.SIGINT, lambda number, frame: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with, args=(other_end,), daemon=True).start()
    begin(*arguments)


def _end_with(other_end: Connection) -> None:
    """End this process when the other end of `held` is closed."""
    try:
        other_end.recv_bytes()
    except (EOFError, OSError):
        os._exit(1)


def fitting_jobs() -> int:
    """Return how many workers the cores and the memory allow."""
    cores = len(os.sched_getaffinity(0))
    return max(1, min(cores, _free_memory() // _WORKER_BYTES))


def _free_memory() -> int:
    """Return the free memory in bytes, of the machine or the control group, the smaller."""
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


class DaskPool:
    """Runs tasks on the workers of a Dask scheduler. Workers may join and leave at any time.

    The scheduler gives a task whose worker died to another worker, and gives up after some deaths.
    """

    reaches_files = False
    lost: tuple[type[BaseException], ...] = (CancelledError,)

    def __init__(
        self, address: str, begin: Callable[..., object], arguments: tuple[Any, ...] = ()
    ) -> None:
        """Connect to `address`, such as tcp://host:8786, and call `begin` in all workers.

        Raises:
            PoolUnavailable: Dask is not installed, or there is no scheduler.
        """
        try:
            import distributed  # noqa: PLC0415 - an extra, and slow to import
        except ModuleNotFoundError as missing:
            raise PoolUnavailable(
                f"{missing.name} is missing: pip install -e '.[cluster]'."
            ) from missing
        for name in logging.root.manager.loggerDict:
            if name.split(".")[0] == "distributed":  # errors become sentences
                logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            self._client = distributed.Client(
                address, timeout=_CONNECT_SECONDS, set_as_default=False
            )
        except (OSError, ValueError, TimeoutError) as error:
            raise PoolUnavailable(
                f"There is no Dask scheduler at {address} ({error}). Start one with "
                "dask scheduler, and write its address as tcp://host:8786."
            ) from error
        self.died: tuple[type[BaseException], ...] = (distributed.scheduler.KilledWorker,)
        self._beginning = [
            self._client.submit(begin, *arguments, workers=[worker], pure=False)
            for worker in self._client.nthreads()
        ]

    def close(self) -> None:
        """Disconnect from the cluster; its workers stay."""
        self._client.close()

    def open(self) -> AbstractContextManager[Executor]:
        """Open the cluster's workers; see `WorkerPool`."""
        return self._executor()

    def alone(self) -> AbstractContextManager[Executor]:
        """Open the cluster's workers: the scheduler itself retries elsewhere."""
        return self._executor()

    def width(self, executor: Executor) -> int:
        """Return how many tasks to have in progress. Raise `PoolLost`."""
        try:
            threads = sum(self._client.nthreads().values())
        except OSError as error:
            raise PoolLost from error
        return max(_LEAST_QUEUED, 2 * threads)

    @contextmanager
    def _executor(self) -> Iterator[Executor]:
        executor = self._client.get_executor(pure=False)
        try:
            yield executor
        finally:
            executor.shutdown(wait=False)
