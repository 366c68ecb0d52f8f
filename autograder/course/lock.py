"""Lock the folder of a class, so that one run uses it at a time.

The kernel holds the lock (`flock`) and releases it when the process ends, however it ends.
Therefore no lock is ever stale. The file contains the PID of the run that holds it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autograder.errors import AutograderError


class AlreadyRunning(AutograderError):
    """Another run uses the folder; the message contains its PID."""


@contextmanager
def hold_lock(folder: Path, lock: Path) -> Iterator[None]:
    """Hold `lock`, a file below `folder`, during the context.

    Raises:
        AlreadyRunning: another process holds it.
        OSError: the file can't be made.
    """
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 64, 0).decode("ascii", "replace").strip()
            other = f" (PID {holder})" if holder.isdigit() else ""
            raise AlreadyRunning(
                f"Another run{other} is using {folder}. Wait until it has ended, or choose another "
                "folder with --out."
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        yield
    finally:
        os.close(descriptor)
