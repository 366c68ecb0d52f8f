"""Stopping a training between two steps, when the process is asked to end."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class StopRequest:
    """Whether the process was asked to end. A second request is not waited for."""

    def __init__(self) -> None:
        self._received = False

    def __call__(self) -> bool:
        """Return whether a request has come."""
        return self._received

    def receive(self, number: int, frame: FrameType | None) -> None:
        """Note the request; raise `KeyboardInterrupt` if it is the second."""
        if self._received:
            raise KeyboardInterrupt
        self._received = True


@contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """Turn SIGINT and SIGTERM into a `StopRequest` within the block (main thread only)."""
    request = StopRequest()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, request.receive) for number in numbers]
    try:
        yield request
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
