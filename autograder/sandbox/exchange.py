"""The pipes of one job: the request goes out and the reply comes in, never waiting for only one.

A process that neither reads nor stops writing must not hold up the host: writing never blocks, and
what is read is counted. Raises TimeoutError when nothing is heard of the job's end in time.
"""

import os
import selectors
import socket
import time
from types import TracebackType

from autograder.sandbox.wire import MAX_HEADER, PREFIX

_CHUNK = 1 << 20  # bytes


class Exchange:
    """Sends `request`, and gathers the reply with up to `limit` bytes of payload in `reply`.

    `far_ends` are the descriptors for the other side, closed here once they have been passed on.
    """

    def __init__(self, control: socket.socket, request: bytes, limit: int) -> None:
        self.reply = bytearray()
        self.too_long = False
        self._control = control
        self._rest = memoryview(request)
        self._limit = 1 + PREFIX.size + MAX_HEADER + limit
        request_end, self._to = os.pipe()
        self._from, reply_end = os.pipe()
        self.far_ends = (request_end, reply_end)
        self._open = {*self.far_ends, self._to, self._from}

    def __enter__(self) -> "Exchange":
        os.set_blocking(self._to, False)
        os.set_blocking(self._from, False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for descriptor in list(self._open):
            self._close(descriptor)

    def until_answered(self, seconds: float) -> None:
        """Moves bytes until the control socket has something to say, `seconds` at most."""
        for descriptor in self.far_ends:
            self._close(descriptor)
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._control, selectors.EVENT_READ)
            waiting.register(self._to, selectors.EVENT_WRITE)
            waiting.register(self._from, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in waiting.select(deadline - time.monotonic())}
                if self._to in ready and not self._write():
                    waiting.unregister(self._to)
                    self._close(self._to)  # its end is the request's end
                if self._from in ready and not self._read():
                    waiting.unregister(self._from)
                if self._control in ready:
                    return
                if time.monotonic() > deadline:
                    raise TimeoutError

    def read_what_is_left(self) -> None:
        """Takes what the pipe still holds of a process that has ended."""
        while not self.too_long and self._read():
            pass

    def _write(self) -> bool:
        """Whether there is more to write."""
        try:
            self._rest = self._rest[os.write(self._to, self._rest[:_CHUNK]) :]
        except BlockingIOError:
            return True
        except BrokenPipeError:  # the other side reads no more
            return False
        return len(self._rest) > 0

    def _read(self) -> bool:
        """Whether there may be more to read; asks the worker to stop a process that floods."""
        try:
            part = os.read(self._from, _CHUNK)
        except BlockingIOError:
            return False
        self.reply += part
        if len(self.reply) > self._limit:
            self.too_long = True
            self._control.send(b"abort")
        return bool(part) and not self.too_long

    def _close(self, descriptor: int) -> None:
        if descriptor in self._open:
            self._open.remove(descriptor)
            os.close(descriptor)
