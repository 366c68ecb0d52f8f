"""Atomic writing of files: into a temporary file, flushed to disk, then renamed."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def write_atomically(
    path: str | os.PathLike[str], write: Callable[[BinaryIO], object], mode: int = 0o644
) -> None:
    """Write a file with `write(stream)` and move it to `path` once all of it is on disk.

    A reader sees the old content or the new, never a part. Errors (`OSError`, or what `write`
    raises) keep the old file and leave no new one. `mode` are the permissions of the file.
    """
    path = Path(path)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_text_atomically(path: str | os.PathLike[str], text: str) -> None:
    """Write UTF-8 text as `write_atomically` does."""
    write_atomically(path, lambda stream: stream.write(text.encode("utf-8")))


def user_cache() -> Path:
    """Return the user's folder for files that can be recomputed: `$XDG_CACHE_HOME/quantlab`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "quantlab"
