"""Exchange the bytes of one job: send the request and receive the reply without deadlock.

Nothing is sent before the other side reports that it is confined. A process that neither reads nor
stops writing must not block the host: writes never block, and received bytes are counted.
`TimeoutError` is raised if the job does not end in time.
"""

import os
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType

from autograder.sandbox import host_callbacks
from autograder.sandbox.messages import CONFINED
from quantlab.protocol.wire import MAX_HEADER, PREFIX, WireError

_CHUNK = 1 << 20  # bytes


class JobPipes:
    """Send `request` and collect the reply, up to `limit` bytes of payload, in `reply`.

    `respond` answers the callbacks that come before the reply. `far_ends` are the descriptors for
    the other side; they are closed here once they have been passed on. Afterwards `is_confined`
    says whether the other side was confined, and `too_much` whether it was stopped for sending too
    much.
    """

    def __init__(
        self,
        control: socket.socket,
        request: bytes,
        limit: int,
        respond: Callable[[bytes], bytes] | None = None,
    ) -> None:
        """Create the two pipes."""
        self.reply = bytearray()
        self.is_confined = False
        self.too_much = False
        self._control = control
        self._outgoing = deque([memoryview(request)])
        self._unsorted = bytearray()
        self._respond = respond
        self._limit = PREFIX.size + MAX_HEADER + limit
        request_end, self._to = os.pipe()
        self._from, reply_end = os.pipe()
        self.far_ends = (request_end, reply_end)
        self._open = {*self.far_ends, self._to, self._from}

    def __enter__(self) -> "JobPipes":
        """Make this side of the pipes non-blocking."""
        os.set_blocking(self._to, False)
        os.set_blocking(self._from, False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close all descriptors that are still open."""
        for descriptor in list(self._open):
            self._close(descriptor)

    def until_answered(self, seconds: float) -> None:
        """Move bytes until the control socket has a message, at most `seconds`.

        Raise `TimeoutError` after that time.
        """
        for descriptor in self.far_ends:
            self._close(descriptor)
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._control, selectors.EVENT_READ)
            waiting.register(self._from, selectors.EVENT_READ)
            while True:
                self._watch_for_room(waiting)
                ready = {key.fileobj for key, _ in waiting.select(deadline - time.monotonic())}
                if self._to in ready:
                    self._write()
                if self._from in ready and not self._read():
                    waiting.unregister(self._from)
                if self._control in ready:
                    return
                if time.monotonic() > deadline:
                    raise TimeoutError

    def read_what_is_left(self) -> None:
        """Read what the pipe still holds of a process that has ended."""
        while not self.too_much and self._read():
            pass

    def _watch_for_room(self, waiting: selectors.BaseSelector) -> None:
        """Watch for room in the pipe only while there is something to send."""
        watched = self._to in waiting.get_map()
        if self._to in self._open and self.is_confined and self._outgoing:
            if not watched:
                waiting.register(self._to, selectors.EVENT_WRITE)
            return
        if watched:
            waiting.unregister(self._to)
        if not self._outgoing and self._respond is None:
            self._close(self._to)  # its end is the request's end

    def _write(self) -> None:
        try:
            written = os.write(self._to, self._outgoing[0][:_CHUNK])
        except BlockingIOError:
            return
        except BrokenPipeError:  # the other side reads no more
            self._outgoing.clear()
            return
        self._outgoing[0] = self._outgoing[0][written:]
        if not self._outgoing[0]:
            self._outgoing.popleft()

    def _read(self) -> bool:
        """Return whether there may be more to read; abort a process that sends too much."""
        try:
            part = os.read(self._from, _CHUNK)
        except BlockingIOError:
            return False
        self._unsorted += part
        try:
            self._sort()
        except WireError:
            self.too_much = True
        if self.too_much or len(self.reply) > self._limit:
            self.too_much = True
            self._control.send(b"abort")
        return bool(part) and not self.too_much

    def _sort(self) -> None:
        """Split the bytes into the confinement byte, callbacks and the reply, in this order."""
        if not self.is_confined and self._unsorted:
            if not self._unsorted.startswith(CONFINED):
                raise WireError("the first byte does not say that it is confined")
            self.is_confined = True
            del self._unsorted[: len(CONFINED)]
        while self._respond and not self.reply and self._unsorted.startswith(host_callbacks.MARK):
            line, end, _ = self._unsorted.partition(host_callbacks.END)
            if len(line) > host_callbacks.LONGEST:
                raise WireError("a question is longer than any can be")
            if not end:
                return  # the rest is still to come
            self._outgoing.append(
                memoryview(self._respond(bytes(line[len(host_callbacks.MARK) :])))
            )
            del self._unsorted[: len(line) + len(end)]
        self.reply += self._unsorted
        self._unsorted.clear()

    def _close(self, descriptor: int) -> None:
        if descriptor in self._open:
            self._open.remove(descriptor)
            os.close(descriptor)
