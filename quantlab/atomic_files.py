"""Files that are either whole or absent: written beside their place, flushed, then renamed."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def write_atomically(path: str | os.PathLike[str], write: Callable[[BinaryIO], object]) -> None:
    """Call `write(stream)` on a new file and put it at `path` only when all of it is on disk.

    A reader sees the old content or the new, never a part. Errors (`OSError`, or what `write`
    raises) leave the old file as it was and no new one behind.
    """
    path = Path(path)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_text_atomically(path: str | os.PathLike[str], text: str) -> None:
    """`write_atomically` for UTF-8 text."""
    write_atomically(path, lambda stream: stream.write(text.encode("utf-8")))


def user_cache() -> Path:
    """The folder of the user's for what can be made again: `$XDG_CACHE_HOME/quantlab`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "quantlab"
