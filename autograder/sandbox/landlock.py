"""Close the file system, TCP and signals with Linux's Landlock.

What is not listed becomes unreadable, and nothing can be written, created, removed or executed.
Works without root since Linux 5.13 if the kernel has Landlock enabled; `abi()` is 0 elsewhere.
Landlock leaves gaps (chmod, UDP, unix sockets, prlimit) that `seccomp` closes, and the reverse:
neither is enough alone. stat() still shows that files exist and their sizes.

Source: Linux documentation, userspace-api/landlock.rst; the numbers are those of linux/landlock.h.
"""

import ctypes
import os
import stat
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox import linux_calls

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_QUERY_VERSION = 1
_RULE_PATH_BENEATH = 1

_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_RIGHTS_OF_ABI_1 = (1 << 13) - 1
_RIGHT_BY_ABI = {2: 1 << 13, 3: 1 << 14, 5: 1 << 15}  # refer, truncate, ioctl on devices
_TCP_BIND_AND_CONNECT = 3  # from ABI 4
_ABSTRACT_SOCKETS_AND_SIGNALS = 3  # from ABI 6


@dataclass(frozen=True)
class Readable:
    """List what stays open: whole `trees`, single `files`, names in `folders`, writable `sinks`."""

    trees: tuple[Path, ...] = ()
    files: tuple[Path, ...] = ()
    folders: tuple[Path, ...] = ()
    sinks: tuple[Path, ...] = ()


def abi() -> int:
    """Return the version of Landlock that this kernel offers; 0 if none."""
    try:
        return linux_calls.system_call(
            _CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(_QUERY_VERSION)
        )
    except (OSError, AttributeError):
        return 0


class Ruleset:
    """Hold what a process may still reach after it confines itself.

    It is created ahead by the process that will fork: it opens some fifty paths, and in a fork that
    would copy the memory pages it touches. Missing paths are skipped.
    """

    def __init__(self, readable: Readable) -> None:
        """Create the ruleset. Raise `OSError` if the kernel has no Landlock."""
        self.descriptor = _create()
        try:
            self._allow(readable.trees, _READ_FILE | _READ_DIR)
            self._allow(readable.files, _READ_FILE)
            self._allow(readable.folders, _READ_DIR)
            self._allow(readable.sinks, _READ_FILE | _WRITE_FILE)
        except BaseException:
            self.close()
            raise

    def confine(self) -> None:
        """Confine this thread, for good, to the ruleset and to its own folder in /proc.

        Call `kernel.forgo_new_privileges()` first. Nothing can be allowed afterwards.
        """
        self._allow([Path(f"/proc/{os.getpid()}")], _READ_FILE | _READ_DIR)
        linux_calls.system_call(_RESTRICT_SELF, ctypes.c_int(self.descriptor), ctypes.c_uint(0))
        self.close()

    def close(self) -> None:
        """Close the ruleset's descriptor."""
        os.close(self.descriptor)

    def _allow(self, paths: Iterable[Path], rights: int) -> None:
        for path in paths:
            try:
                handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue
            try:
                is_folder = stat.S_ISDIR(os.fstat(handle).st_mode)
                granted = rights if is_folder else rights & ~_READ_DIR  # a file with it is refused
                if granted:
                    linux_calls.system_call(
                        _ADD_RULE,
                        ctypes.c_int(self.descriptor),
                        ctypes.c_uint(_RULE_PATH_BENEATH),
                        ctypes.c_char_p(struct.pack("=Qi", granted, handle)),
                        ctypes.c_uint(0),
                    )
            finally:
                os.close(handle)


def _create() -> int:
    """Create a ruleset that refuses all that this kernel's Landlock knows; return a descriptor."""
    version = abi()
    rights = _RIGHTS_OF_ABI_1
    for since, right in _RIGHT_BY_ABI.items():
        rights |= right if version >= since else 0
    attributes = struct.pack("=Q", rights)
    if version >= 4:
        attributes += struct.pack("=Q", _TCP_BIND_AND_CONNECT)
    if version >= 6:
        attributes += struct.pack("=Q", _ABSTRACT_SOCKETS_AND_SIGNALS)
    return linux_calls.system_call(
        _CREATE_RULESET,
        ctypes.c_char_p(attributes),
        ctypes.c_size_t(len(attributes)),
        ctypes.c_uint(0),
    )
