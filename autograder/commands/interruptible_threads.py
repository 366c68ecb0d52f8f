"""Grade in several threads that Ctrl-C ends at once.

Python delivers Ctrl-C to the main thread alone. A pool would then wait until each thread has
graded its whole submission. Here every running thread gets a `KeyboardInterrupt` of its own at its
next bytecode, and what blocks it, such as a sandbox, is ended by `unblock`.
"""

import ctypes
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_interruptibly(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    jobs: int,
    unblock: Callable[[], None],
) -> list[Result]:
    """Return the results of `work` in the order of `items`, computed by `jobs` threads.

    The first exception of a thread is raised after the running ones ended. After Ctrl-C all threads
    are interrupted and `unblock` is called. It must end whatever a thread may be waiting for.
    """
    running = _RunningThreads()
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        futures = [pool.submit(running.call, work, item) for item in items]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
            return [future.result() for future in futures]
        except KeyboardInterrupt:
            for future in futures:
                future.cancel()
            running.interrupt()
            unblock()
            raise
        finally:
            for future in futures:
                future.cancel()


class _RunningThreads:
    """Remembers which threads are inside `call`, so that they can be interrupted there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads: set[int] = set()

    def call(self, work: Callable[[Item], Result], item: Item) -> Result:
        """Return `work(item)`."""
        with self._lock:
            self._threads.add(threading.get_ident())
        try:
            return work(item)
        finally:
            with self._lock:
                self._threads.discard(threading.get_ident())

    def interrupt(self) -> None:
        """Raise `KeyboardInterrupt` in every thread inside `call`."""
        with self._lock:  # none of them leaves `call` before the exception is on its way
            for thread in self._threads:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(thread), ctypes.py_object(KeyboardInterrupt)
                )
