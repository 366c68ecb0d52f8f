"""Limit the threads of one process, whatever other processes of the same user run.

The kernel's own limit (RLIMIT_NPROC) counts all threads of a user: one process could use up the
allowance of the others, and root has no limit. Here a filter makes each creation of a thread wait
until the parent process, which counts the threads of this process, allows or refuses it. Needs
Linux 5.5 on x86_64 or aarch64, and no other such filter around the process.

Source: Linux documentation, userspace-api/seccomp_filter.rst, "Userspace Notification".
"""

import errno
import fcntl
import os
import platform
import socket
import struct
from contextlib import suppress

from autograder.sandbox import seccomp

_RECEIVE, _SEND = 0xC0502100, 0xC0182101  # SECCOMP_IOCTL_NOTIF_RECV and _SEND
_NOTIFICATION_BYTES = 80  # struct seccomp_notif, which begins with the id
_ID = struct.Struct("=Q")
_RESPONSE = struct.Struct("=QqiI")  # struct seccomp_notif_resp: id, value, error, flags
_CONTINUE = 1
_REQUEST = b"t"  # a message needs a byte beside its descriptor


def install(listener: socket.socket) -> bool:
    """Make each new thread of this process wait for the other end of `listener`, for good.

    Returns False, and changes nothing, if the kernel cannot do that. Call
    `kernel.forgo_new_privileges` before.
    """
    machines = ("x86_64", "aarch64")
    if platform.machine() not in machines:
        return False
    try:
        descriptor = seccomp.listen_to_clone(machines.index(platform.machine()))
    except OSError:
        return False
    socket.send_fds(listener, [_REQUEST], [descriptor])
    os.close(descriptor)
    return True


class ThreadLimit:
    """Allow process `pid` at most `most` threads at a time; `close` it when the process has ended.

    `waits_on` is the descriptor to poll: call `serve` whenever it can be read.
    """

    def __init__(self, pid: int, most: int, listener: socket.socket) -> None:
        """Watch process `pid`; its listener arrives through the socket `listener`."""
        self._pid = pid
        self._most = most
        self._socket = listener
        self._descriptor: int | None = None
        self._created = 1

    @property
    def waits_on(self) -> int:
        """Return the descriptor to poll: first the socket, then the received listener."""
        return self._socket.fileno() if self._descriptor is None else self._descriptor

    def serve(self) -> bool:
        """Take the listener, or answer one request; False when no more will come."""
        if self._descriptor is None:
            _, descriptors, _, _ = socket.recv_fds(self._socket, len(_REQUEST), 1)
            if descriptors:
                self._descriptor = descriptors[0]
            return bool(descriptors)
        request = bytearray(_NOTIFICATION_BYTES)
        try:
            fcntl.ioctl(self._descriptor, _RECEIVE, request)
        except OSError as error:
            # ENOENT: the thread that asked was killed meanwhile
            return error.errno in (errno.ENOENT, errno.EINTR)
        (request_id,) = _ID.unpack_from(request)
        allowed = self._threads() < self._most
        self._created += allowed
        answer = (0, 0, _CONTINUE) if allowed else (0, -errno.EAGAIN, 0)
        with suppress(OSError):  # as above
            fcntl.ioctl(self._descriptor, _SEND, _RESPONSE.pack(request_id, *answer))
        return True

    def close(self) -> None:
        """Close the descriptors; a thread that still waits is refused."""
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._socket.close()

    def _threads(self) -> int:
        """Return the threads that the process runs, or has created where /proc hides it."""
        try:
            return os.stat(f"/proc/{self._pid}/task").st_nlink - 2
        except OSError:
            return self._created
