"""Who marks: worker processes of this machine, or those of a Dask cluster.

Both are a `concurrent.futures.Executor` to the runner. `CrewUnavailable` is raised where there is
none to be had, and where a cluster is lost on the way.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

_WORKER_BYTES = 1024 * 2**20  # a worker and its sandbox while they measure a model
_AT_LEAST_WAITING = 4  # tasks at a cluster that has no worker yet
_CONNECT_SECONDS = 30


class CrewUnavailable(Exception):
    """Nobody can mark; the message says why and what to do."""


class Crew(Protocol):
    """Opens executors; `reaches_files` tells that its workers see this machine's folders."""

    @property
    def reaches_files(self) -> bool: ...

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


@dataclass(frozen=True)
class LocalCrew:
    """`jobs` processes of this machine; `begin(*arguments)` is called in each when it starts.

    They end with this process, however that ends, and at once: their rows are in the journal.
    """

    jobs: int
    begin: Callable[..., object]
    arguments: tuple[Any, ...] = ()
    reaches_files: bool = True
    died: tuple[type[BaseException], ...] = (BrokenExecutor,)
    lost: tuple[type[BaseException], ...] = ()

    def open(self) -> AbstractContextManager[Executor]:
        return self._pool(self.jobs)

    def alone(self) -> AbstractContextManager[Executor]:
        return self._pool(1)

    def width(self, executor: Executor) -> int:
        return self.jobs + 1  # one waits, so that no worker has to

    @contextmanager
    def _pool(self, jobs: int) -> Iterator[Executor]:
        context = multiprocessing.get_context("spawn")
        held, leash = context.Pipe(duplex=False)
        pool = ProcessPoolExecutor(
            jobs, context, initializer=_start, initargs=(held, self.begin, self.arguments)
        )
        try:
            yield pool
            pool.shutdown()
        finally:
            leash.close()  # whoever still marks ends now
            pool.shutdown(wait=False, cancel_futures=True)
            held.close()


def _start(held: Connection, begin: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    """In a worker process, before its first task."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that gives out work
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


@dataclass(frozen=True)
class DaskCrew:
    """The workers of the Dask scheduler at `address`, such as tcp://host:8786.

    They come and go as the cluster has them. A task whose worker dies is given to another by the
    scheduler; after some deaths it is given back.
    """

    address: str
    reaches_files: bool = False
    died: tuple[type[BaseException], ...] = field(init=False)
    lost: tuple[type[BaseException], ...] = (CancelledError,)
    _client: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        try:
            import distributed  # noqa: PLC0415 - an extra, and slow to import
        except ModuleNotFoundError as missing:
            raise CrewUnavailable(
                f"{missing.name} is missing: pip install -e '.[cluster]'."
            ) from missing
        try:
            client = distributed.Client(
                self.address, timeout=_CONNECT_SECONDS, set_as_default=False
            )
        except (OSError, ValueError, TimeoutError) as error:
            raise CrewUnavailable(
                f"There is no Dask scheduler at {self.address} ({error}): start one with "
                "dask scheduler, and give its address as tcp://host:8786."
            ) from error
        object.__setattr__(self, "_client", client)
        object.__setattr__(self, "died", (distributed.scheduler.KilledWorker,))

    def close(self) -> None:
        """Leave the cluster; its workers go on without this class."""
        self._client.close()

    def open(self) -> AbstractContextManager[Executor]:
        return self._executor()

    def alone(self) -> AbstractContextManager[Executor]:
        return self._executor()

    def width(self, executor: Executor) -> int:
        return max(_AT_LEAST_WAITING, 2 * sum(self._client.nthreads().values()))

    @contextmanager
    def _executor(self) -> Iterator[Executor]:
        executor = self._client.get_executor(pure=False)
        try:
            yield executor
        finally:
            executor.shutdown(wait=False)
