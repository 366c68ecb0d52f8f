"""Start a worker's sandbox and import torch before its first task.

Both take seconds and are independent, so they start together. Therefore this module imports nothing
slow.
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
    """Holds how a class is graded: `check` is a pattern of ids, `tier` a letter or None."""

    dataset: str
    check: str = "*"
    quick: bool = False
    tier: str | None = None
    allow_unsafe: bool = False


@functools.lru_cache(maxsize=1)  # a worker of a cluster may serve one class after the other
def open_sandbox(tier: str | None, allow_unsafe: bool) -> Sandbox:
    """Return the sandbox of this process. Raise `IsolationUnavailable` if there is none."""
    return Sandbox(allow_unsafe=allow_unsafe, tier=tier).__enter__()


def warm_up(settings: Settings) -> None:
    """Start the sandbox and import torch. The first task reports any error."""
    with relaxed_gc():
        # The sandbox ends with its thread, so the main thread starts it.
        module = "autograder.course.task"
        importing = threading.Thread(target=importlib.import_module, args=(module,))
        importing.start()
        with contextlib.suppress(IsolationUnavailable):
            open_sandbox(settings.tier, settings.allow_unsafe)
        importing.join()
