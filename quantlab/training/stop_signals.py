"""The stop of a training between two steps, on a signal."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType


class StopRequest:
    """A request to stop the process. A second one interrupts it at once."""

    def __init__(self) -> None:
        """Start without a request."""
        self._received = False

    def __call__(self) -> bool:
        """Return whether a request has arrived."""
        return self._received

    def receive(self, number: int, frame: FrameType | None) -> None:
        """Record the request; raise `KeyboardInterrupt` if it is the second."""
        if self._received:
            raise KeyboardInterrupt
        self._received = True


@contextmanager
def stop_on_signals(
    numbers: Sequence[int] = (signal.SIGINT, signal.SIGTERM),
) -> Iterator[StopRequest]:
    """Turn these signals into a `StopRequest` within the block; outside the main thread none."""
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = [signal.signal(number, request.receive) for number in numbers]
    try:
        yield request
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
