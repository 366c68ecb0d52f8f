"""Make the few Linux system calls that Python's standard library does not offer.

Each raises `OSError` if the kernel refuses. Importing this module works on other systems; calling
its functions does not.
"""

import contextlib
import ctypes
import functools
import os
import signal
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITY_VERSION_3 = 0x20080522
_WORST_SCORE = "1000"


def system_call(number: int, *arguments: object) -> int:
    """Make system call `number` with ctypes-compatible arguments; return its result."""
    result = int(_libc().syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{os.strerror(error)} (system call {number})")
    return result


def die_with_parent() -> None:
    """Let the kernel kill this process when the thread that started it ends."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def hide_memory() -> None:
    """Close /proc/<this process> to other processes of the user, and write no core file."""
    _prctl(_PR_SET_DUMPABLE, 0)


def end_first_without_memory() -> None:
    """Let the kernel end this process and its forks first if memory runs out.

    Call it before `hide_memory` and `become`, which close the file to the process itself. Does
    nothing if the file is closed already.
    """
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_WORST_SCORE)


def forgo_new_privileges() -> None:
    """Disable setuid programs; Landlock and seccomp require it without root."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def become(user: int) -> None:
    """Switch from root to `user` and to the group of that number only, for good."""
    try:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    except PermissionError as error:
        raise PermissionError(
            f"root may not become user {user}: it lacks the capabilities SETUID and SETGID"
        ) from error


def drop_capabilities() -> None:
    """Drop root's capabilities from this process."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if _libc().capset(header, nothing) != 0:
        raise OSError(ctypes.get_errno(), "the capabilities could not be dropped")


def _prctl(option: int, value: int) -> None:
    unused = ctypes.c_ulong(0)
    if _libc().prctl(option, ctypes.c_ulong(value), unused, unused, unused) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}) was refused")


@functools.cache
def _libc() -> ctypes.CDLL:
    """Return the C library; cached, because opening it costs as much as several calls."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return libc
