"""Reserve a user id for one worker that no account, process or other worker uses.

Such a user owns no file and has limits of its own. The ids are from a range that Debian, systemd
and adduser do not assign. An id is reserved by binding a socket of that name, which the kernel
releases when the holder ends.

Source: systemd, docs/UIDS-GIDS.md: 60706 to 61183 are unused.
"""

import errno
import pwd
import socket
from pathlib import Path

from autograder.errors import NoSpareUser

NUMBERS = range(60_800, 61_056)


class SpareUser:
    """Hold the user id `number` until it is closed; then another worker may use it."""

    def __init__(self) -> None:
        """Reserve an id. Raise `NoSpareUser` if all are in use."""
        busy = threads_by_user()
        for number in NUMBERS:
            if number not in busy and not _has_account(number):
                holder = _hold(number)
                if holder is not None:
                    self.number, self._holder = number, holder
                    return
        raise NoSpareUser(
            f"every user id from {NUMBERS.start} to {NUMBERS.stop - 1} is in use on this machine"
        )

    def close(self) -> None:
        """Release the id. May be called repeatedly."""
        self._holder.close()


def threads_by_user() -> dict[int, int]:
    """Return how many threads each user runs, as far as /proc shows."""
    threads: dict[int, int] = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            lines = (process / "status").read_text("utf-8", "replace").splitlines()
        except OSError:  # it has ended meanwhile
            continue
        fields = dict(line.split(":", 1) for line in lines if ":" in line)
        user = int(fields["Uid"].split()[0])
        threads[user] = threads.get(user, 0) + int(fields["Threads"])
    return threads


def _has_account(number: int) -> bool:
    try:
        pwd.getpwuid(number)
    except KeyError:
        return False
    return True


def _hold(number: int) -> socket.socket | None:
    holder = socket.socket(socket.AF_UNIX)
    try:
        holder.bind(f"\0quantization-autograder-user-{number}")
    except OSError as error:
        holder.close()
        if error.errno == errno.EADDRINUSE:
            return None
        raise
    return holder
