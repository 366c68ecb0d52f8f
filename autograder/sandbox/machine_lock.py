"""Detect whether a check ran alone on this machine, and run one while no other does.

All sandboxes of an account share one lock on a machine, whichever command they belong to. A check
holds it together with others (`shared`), or alone (`alone`). A second lock keeps the order: a check
that waits to be alone stops others from starting.

The locks are `flock` itself, not a library: shared and exclusive holds of one descriptor, its
counter in the same file, and conversion between the two are needed. They end with the process that
holds them. Student code can neither open these files nor lock any.
"""

import os
import struct
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from quantlab.atomic_files import user_cache

PATIENCE = 900.0  # seconds to wait for other checks, each of which ends after a minute at most
_FIRST_PAUSE, _LONGEST_PAUSE = 0.0005, 0.05  # seconds between two attempts to get a lock
_COUNT = struct.Struct("=Q")


@dataclass(frozen=True)
class LockHold:
    """Hold the lock for one check. `free` says that no other check ran when it began."""

    free: bool
    number: int
    _file: int

    def is_alone(self) -> bool:
        """Return whether no other check has run since this one began."""
        return self.free and _read_count(self._file) == self.number


@dataclass(frozen=True)
class MachineLock:
    """The lock of this account, or the one in `folder`. `patience` is in seconds."""

    folder: Path | None = None
    patience: float = PATIENCE

    @contextmanager
    def shared(self) -> Iterator[LockHold]:
        """Hold the lock together with other checks."""
        with ExitStack() as opened:
            runs, order = self._open(opened)
            in_order = self._acquire(order, alone=True)
            free = in_order and _try(runs, alone=True)
            number = _read_count(runs) + 1
            os.pwrite(runs, _COUNT.pack(number), 0)
            self._acquire(runs, alone=False)
            _release(order)
            yield LockHold(free, number, runs)

    @contextmanager
    def alone(self) -> Iterator[LockHold]:
        """Hold the lock alone; the turn is not free if others kept it for too long."""
        with ExitStack() as opened:
            runs, order = self._open(opened)
            free = self._acquire(order, alone=True) and self._acquire(runs, alone=True)
            yield LockHold(free, _read_count(runs), runs)

    def _open(self, opened: ExitStack) -> tuple[int, int]:
        """Return descriptors of the two files, made if absent. Raise OSError if they cannot be."""
        folder = self.folder or _folder()
        descriptors = []
        for name in ("checks.lock", "order.lock"):
            path = folder / f"quantization-autograder-{os.geteuid()}-{name}"
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            descriptors.append(os.open(path, flags, 0o600))
            opened.callback(os.close, descriptors[-1])
        return descriptors[0], descriptors[1]

    def _acquire(self, descriptor: int, alone: bool) -> bool:
        end, pause = time.monotonic() + self.patience, _FIRST_PAUSE
        while not _try(descriptor, alone):
            if time.monotonic() > end:
                return False
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        return True


def _folder() -> Path:
    """Return the account's cache, or the folder for temporary files if that cannot be written."""
    folder = user_cache()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.gettempdir())
    return folder if os.access(folder, os.W_OK) else Path(tempfile.gettempdir())


def _try(descriptor: int, alone: bool) -> bool:
    import fcntl  # noqa: PLC0415 - absent on Windows, where the sandbox says what to do instead

    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _release(descriptor: int) -> None:
    import fcntl  # noqa: PLC0415

    fcntl.flock(descriptor, fcntl.LOCK_UN)


def _read_count(descriptor: int) -> int:
    content = os.pread(descriptor, _COUNT.size, 0)
    return int(_COUNT.unpack(content)[0]) if len(content) == _COUNT.size else 0
