"""Imitate in this process what the grader's sandbox refuses: files, the network, other programs.

In the grader Linux refuses these. Here an audit hook of Python does, which sees what Python's own
functions do and nothing below them. It protects nothing; it shows a student what the grader would
refuse. The hook and the import finder stay until the process ends.
"""

import errno
import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from quantlab.paths import KIT
from quantlab.protocol.failure_reasons import FILE
from quantlab.protocol.import_policy import WITHHELD, is_installed, library_folders

# Events of Python's audit table; those of the last two groups begin with a path.
_PROGRAMS_AND_NETWORK = frozenset(
    {
        *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork"),
        *("os.forkpty", "os.startfile", "pty.spawn", "os.kill", "os.killpg"),
        *("socket.__new__", "socket.connect", "socket.bind", "socket.getaddrinfo"),
    }
)
_READING = frozenset({"os.listdir", "os.scandir"})
_CHANGING = frozenset(
    {"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.truncate", "os.link", "os.symlink"}
)
_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_MACHINE = (
    *("/proc/cpuinfo", "/proc/meminfo", "/proc/self", "/sys/devices/system"),
    *("/etc/localtime", "/etc/ld.so.cache", "/usr/share/zoneinfo", "/dev/null", "/dev/urandom"),
)


def refuse(folder: Path) -> None:
    """Refuse what the grader refuses, from now on; `folder` stays readable and writable."""
    sys.meta_path.insert(0, _GraderPackages())
    sys.addaudithook(_Hook(folder))


class _Hook:
    def __init__(self, folder: Path) -> None:
        self._folder = os.path.realpath(folder)
        libraries = {str(path) for path in (*library_folders(), *sys.path) if str(path)}
        self._readable = tuple(
            os.path.realpath(path)
            for path in (*libraries, *_MACHINE, str(KIT / "quantlab"), self._folder)
        )
        withheld = (KIT.joinpath(*module.split(".")).with_suffix(".py") for module in WITHHELD)
        self._withheld = frozenset(os.path.realpath(path) for path in withheld)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _PROGRAMS_AND_NETWORK:
            raise PermissionError(errno.EPERM, f"Operation not permitted ({event})")
        if event == "open":
            path, mode, flags = arguments
            writes = bool((flags or 0) & _WRITE_FLAGS) or any(c in (mode or "") for c in "wax+")
            self._check(path, writes)
        elif event in _READING or event in _CHANGING:
            self._check(arguments[0], event in _CHANGING)

    def _check(self, path: Any, writes: bool) -> None:
        if path is None or isinstance(path, int):  # the current folder, or a descriptor
            return
        place = os.path.realpath(os.fsdecode(path))
        allowed = (self._folder, os.devnull) if writes else self._readable
        is_inside = any(place == root or place.startswith(root + os.sep) for root in allowed)
        if (not is_inside or place in self._withheld) and (writes or os.path.lexists(place)):
            raise PermissionError(errno.EACCES, "Permission denied", os.fsdecode(path))


class _GraderPackages(MetaPathFinder):
    """Refuse the packages that solution.py imports itself and the grader does not have."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> None:
        if not is_installed(name) and _is_imported_by_solution():
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def _is_imported_by_solution() -> bool:
    frame = sys._getframe(2)
    while frame is not None and "importlib" in frame.f_code.co_filename and frame.f_back:
        frame = frame.f_back
    return frame.f_code.co_filename == FILE
