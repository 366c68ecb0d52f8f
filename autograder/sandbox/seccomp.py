"""Block system calls with a filter that the kernel runs before each of them.

The filter lists what is refused (`syscalls`), because torch and the C library use different calls
from version to version; calls newer than the list are refused too. Fork is refused, so limits per
process are limits per submission and no process can outlive its check. Works without root since
Linux 3.17 on x86_64 and aarch64; raises `OSError` elsewhere.

Source: Linux documentation, userspace-api/seccomp_filter.rst; classic BPF as in linux/filter.h.
"""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Sequence

from autograder.sandbox import linux_calls
from autograder.sandbox.denied_syscalls import CONDITIONAL, DENIED, NEWEST_REVIEWED

INSTRUCTION = struct.Struct("=HBBI")  # struct sock_filter: code, jumps if true and false, value
_SECCOMP = (317, 277)  # the number of seccomp() itself
_SET_MODE_FILTER, _ALL_THREADS, _NEW_LISTENER = 1, 1, 8
_AUDIT_ARCH = (0xC000003E, 0xC00000B7)
_X32_NUMBERS = 0x40000000  # x86_64 carries a second table of calls above this number

_KILL, _FAIL, _ASK, _ALLOW = 0x80000000, 0x00050000, 0x7FC00000, 0x7FFF0000
_LOAD, _IF_EQUAL, _IF_GREATER, _IF_BITS, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data

_CLONE_THREAD = 0x00010000
# Descriptors need F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL and F_DUPFD_CLOEXEC. Other commands
# send signals (F_SETOWN), delay or watch other processes (leases, locks, F_NOTIFY), or use up what
# their user may have (F_SETPIPE_SZ).
_FCNTL_ALLOWED = (0, 1, 2, 3, 4, 1030)
# Streams need TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX and FIOCLEX. Other requests change a
# file that is open for reading only, such as its flags, if it belongs to the account that grades.
_IOCTL_ALLOWED = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
# PR_SET_PDEATHSIG, PR_SCHED_CORE, PR_SET_MEMORY_MERGE: they outlive the worker or slow others down.
_PRCTL_REFUSED = (1, 62, 67)


def restrict() -> None:
    """Install the filter on every thread of this process, for good."""
    machines = ("x86_64", "aarch64")
    if platform.machine() not in machines:
        raise OSError(errno.ENOSYS, f"no seccomp filter is written for {platform.machine()}")
    column = machines.index(platform.machine())
    _install(column, program(column, os.getpid()), _ALL_THREADS)


def listen_to_clone(column: int) -> int:
    """Make `clone` of this process wait for an answer; return the descriptor to answer by.

    `column` is that of this machine in `syscalls`. What `restrict` refuses stays refused. Raise
    `OSError` if the kernel cannot do that, or already does it for an enclosing process.
    """
    return _install(column, clone_program(column), _NEW_LISTENER)


def _install(column: int, instructions: bytes, flags: int) -> int:
    code = ctypes.create_string_buffer(instructions, len(instructions))
    header = _FilterHeader(len(instructions) // INSTRUCTION.size, ctypes.addressof(code))
    return linux_calls.system_call(
        _SECCOMP[column],
        ctypes.c_uint(_SET_MODE_FILTER),
        ctypes.c_uint(flags),
        ctypes.byref(header),
    )


class _FilterHeader(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def program(column: int, pid: int) -> bytes:
    """Return the filter for process `pid` on the architecture in this column of `syscalls`."""
    refuse, allow = _return(_FAIL | errno.EPERM), _return(_ALLOW)
    unknown = _return(_FAIL | errno.ENOSYS)  # what the C library falls back from
    call = {name: numbers[column] for name, numbers in CONDITIONAL.items()}
    parts = [
        _load(_ARCHITECTURE),
        _jump(_IF_EQUAL, _AUDIT_ARCH[column], 1, 0),
        _return(_KILL),
        _load(_NUMBER),
        _jump(_IF_GREATER, _X32_NUMBERS - 1, 0, 1) + refuse,
        _jump(_IF_GREATER, NEWEST_REVIEWED, 0, 1) + unknown,
        # threads need clone; clone3 hides its flags in memory, where a filter cannot look
        _when(call["clone3"], unknown),
        _when(call["clone"], _load(_argument(0)) + _jump(_IF_BITS, _CLONE_THREAD, 1, 0) + refuse),
        # abort() and Python's own threads signal this process only
        *(
            _when(call[name], _load(_argument(0)) + _jump(_IF_EQUAL, pid, 1, 0) + refuse)
            for name in ("kill", "tgkill")
        ),
        # reading one's own limits, never setting any: root could raise them
        _when(
            call["prlimit64"],
            _load(_argument(0))
            + _jump(_IF_EQUAL, 0, 2, 0)
            + _jump(_IF_EQUAL, pid, 1, 0)
            + refuse
            + _load(_argument(2))
            + _jump(_IF_EQUAL, 0, 1, 0)
            + refuse
            + _load(_argument(2) + 4)
            + _jump(_IF_EQUAL, 0, 1, 0)
            + refuse,
        ),
        _when(call["fcntl"], _only(1, _FCNTL_ALLOWED, refuse)),
        _when(call["ioctl"], _only(1, _IOCTL_ALLOWED, refuse)),
        _when(
            call["prctl"],
            _load(_argument(0))
            + b"".join(_jump(_IF_EQUAL, option, 0, 1) + refuse for option in _PRCTL_REFUSED),
        ),
        *(_when(numbers[column], refuse) for numbers in DENIED.values()),
        allow,
    ]
    return b"".join(parts)


def clone_program(column: int) -> bytes:
    """Return the filter that asks about `clone` and allows the rest, in the form of `program`."""
    parts = [
        _load(_ARCHITECTURE),
        _jump(_IF_EQUAL, _AUDIT_ARCH[column], 0, 3),
        _load(_NUMBER),
        _jump(_IF_EQUAL, CONDITIONAL["clone"][column], 0, 1),
        _return(_ASK),
        _return(_ALLOW),
    ]
    return b"".join(parts)


def _when(number: int | None, body: bytes) -> bytes:
    """Return `body` for system call `number`, then allow; other calls continue behind it."""
    if number is None:
        return b""
    body += _return(_ALLOW)
    return _jump(_IF_EQUAL, number, 0, len(body) // INSTRUCTION.size) + body


def _only(index: int, values: Sequence[int], otherwise: bytes) -> bytes:
    """Do `otherwise` unless the argument has one of the values."""
    left = [len(values) - number for number in range(len(values))]
    tests = (_jump(_IF_EQUAL, value, n, 0) for value, n in zip(values, left, strict=True))
    return _load(_argument(index)) + b"".join(tests) + otherwise


def _argument(index: int) -> int:
    return _ARGUMENTS + 8 * index  # the low half: both architectures are little-endian


def _load(offset: int) -> bytes:
    return INSTRUCTION.pack(_LOAD, 0, 0, offset)


def _jump(condition: int, value: int, if_true: int, if_false: int) -> bytes:
    return INSTRUCTION.pack(condition, if_true, if_false, value)


def _return(action: int) -> bytes:
    return INSTRUCTION.pack(_RETURN, 0, 0, action)
