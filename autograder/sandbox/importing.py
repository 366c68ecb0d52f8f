"""How a process gets ready sooner: it imports much, and has no garbage yet."""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def no_collections() -> Iterator[None]:
    """No search for garbage meanwhile: importing torch takes a quarter less time."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()
