"""Find what hostile code leaves on the machine: processes, files, ports, shared objects.

`watch_for_leaks` compares the machine before and after. Meanwhile the kernel gives orphans to this
process, so a process that a submission left behind cannot hide.
"""

import ctypes
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from quantlab.atomic_files import user_cache
from quantlab.paths import KIT

_PR_SET_CHILD_SUBREAPER = 36
_LISTENING = "0A"  # the state of a socket in /proc/net/tcp


@dataclass
class Leaks:
    """Describe the processes, files, ports and kernel objects that are new after a block."""

    traces: list[str] = field(default_factory=list)


@contextmanager
def watch_for_leaks(scratch: Path) -> Iterator[Leaks]:
    """Yield a record that is filled when the block ends; `scratch` and the cache are expected."""
    leaks = Leaks()
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before = _traces(scratch)
    try:
        yield leaks
    finally:
        leaks.traces += sorted(_traces(scratch) - before)
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def _traces(scratch: Path) -> set[str]:
    return {*_children(), *_files(scratch), *_ports(), *_shared_objects()}


def _children() -> Iterator[str]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().rpartition(")")
        except OSError:  # it ended meanwhile
            continue
        state, parent = rest.split()[:2]
        if int(parent) == os.getpid() and state != "Z":  # a zombie has ended
            yield f"process {stat.parent.name}, {name.partition('(')[2]}"


def _files(scratch: Path) -> Iterator[str]:
    ours = {scratch, user_cache(), user_cache().parent}
    places = {Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp"), Path("/dev/shm")}
    for place in sorted({*places, Path.cwd(), Path.home(), KIT}):
        try:
            names = os.listdir(place)
        except OSError:
            continue
        yield from (f"file {place / name}" for name in names if place / name not in ours)


def _ports() -> Iterator[str]:
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        try:
            lines = Path("/proc/net", kind).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            _, local, _, state = line.split()[:4]
            if state == _LISTENING or kind.startswith("udp"):
                yield f"open port {kind} {int(local.rpartition(':')[2], 16)}"


def _shared_objects() -> Iterator[str]:
    for kind in ("shm", "msg", "sem"):
        try:
            lines = Path("/proc/sysvipc", kind).read_text().splitlines()[1:]
        except OSError:
            continue
        yield from (f"System V object {kind} {line.split()[1]}" for line in lines)
