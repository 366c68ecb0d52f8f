"""What a worker has ready before its first task: a sandbox, and torch imported.

Both take seconds, and neither needs the other, so they are begun together and before anything else;
this module therefore imports nothing that takes long.
"""

import contextlib
import functools
import importlib
import threading
from dataclasses import dataclass

from autograder.sandbox.host import Sandbox
from autograder.sandbox.relaxed_gc import relaxed_gc
from autograder.sandbox.self_test import IsolationUnavailable


@dataclass(frozen=True)
class Settings:
    """How every submission of a class is marked: `check` is a pattern, `tier` a letter or None."""

    dataset: str
    check: str = "*"
    quick: bool = False
    tier: str | None = None
    allow_unsafe: bool = False


@functools.lru_cache(maxsize=1)  # a worker of a cluster may serve one class after the other
def open_sandbox(tier: str | None, allow_unsafe: bool) -> Sandbox:
    """This process's sandbox, which ends with it. Raises `IsolationUnavailable`."""
    return Sandbox(allow_unsafe=allow_unsafe, tier=tier).__enter__()


def warm_up(settings: Settings) -> None:
    """Begin what takes time; what goes wrong with it is told by the first task."""
    with relaxed_gc():
        # The sandbox ends with the thread that started it: it belongs to the main one.
        module = "autograder.course.task"
        importing = threading.Thread(target=importlib.import_module, args=(module,))
        importing.start()
        with contextlib.suppress(IsolationUnavailable):
            open_sandbox(settings.tier, settings.allow_unsafe)
        importing.join()
