"""One runner at a time in a folder.

The lock is the kernel's (`flock`): it goes with the process that holds it, however that ends, so
that no stale one is ever in the way. `AnotherRunner` is raised while another process has it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AnotherRunner(Exception):
    """Another process marks into this folder; the message says which."""


@contextmanager
def claimed(folder: Path, lock: Path) -> Iterator[None]:
    """Hold `lock`, a file below `folder`, while the context lasts.

    Raises `AnotherRunner`, and `OSError` where the file can't be made.
    """
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 64, 0).decode("ascii", "replace").strip()
            who = f" (process {holder})" if holder.isdigit() else ""
            raise AnotherRunner(
                f"Another runner{who} marks into {folder} at this moment: wait until it has ended, "
                "or choose another folder with --out."
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        yield
    finally:
        os.close(descriptor)
