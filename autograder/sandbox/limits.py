"""Limit what one check may use; all limits are defined here.

Too little fails correct submissions; too much lets a hostile one occupy the machine. The address
space is limited relative to what the worker occupies after its imports, which differs by gigabytes
between builds of torch. A smaller absolute limit would fail every submission.
"""

import os
import resource
from dataclasses import dataclass
from pathlib import Path

from quantlab.protocol.wire import MAX_BYTES

_MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Hold seconds and bytes per forked process, which handles one check.

    Processor time decides. Wall-clock time is three times as much, because on a busy machine a
    process gets a third of it; it stops code that sleeps.
    """

    cpu_seconds: int = 10  # a right answer takes well under one
    wall_seconds: float = 30.0
    import_cpu_seconds: int = 10  # importing torch again costs nothing; the rest is the student's
    import_wall_seconds: float = 30.0
    # All runs of one solution.py together; those of an honest one take ten to thirty seconds.
    total_cpu_seconds: int = 300
    memory: int = 2048 * _MIB  # beyond the worker; a ResNet-20 training step needs 0.4 GiB
    printed: int = _MIB  # also the size of any file; more than this is a print left in a loop
    shown: int = 4096  # characters of the printed that are kept
    reply: int = MAX_BYTES  # also what the worker packs at most
    files: int = 64  # torch computes with 8
    # At a time. All cores are an honest wish; hundreds of threads slow others down where the kernel
    # shares processors by thread.
    threads: int = (os.cpu_count() or 1) + 64


def address_space_in_use() -> int:
    """Return the bytes of address space that this process occupies."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmSize:"):
            return int(line.split()[1]) * 1024
    raise OSError("/proc/self/status does not contain the size of this process")


def apply(limits: Limits, cpu_seconds: int, address_space: int, threads: int | None) -> None:
    """Set the limits of this process for good.

    `address_space` is in bytes. `threads` are those of all processes of the user; None leaves that
    limit as it is.
    """
    for kind, wanted_soft, wanted_hard in (
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_MSGQUEUE, 0, 0),
        (resource.RLIMIT_SIGPENDING, 0, 0),  # counted per user: no worker may fill the queue
        (resource.RLIMIT_AS, address_space, address_space),
        (resource.RLIMIT_CPU, cpu_seconds, cpu_seconds + 1),  # the second cannot be ignored
        (resource.RLIMIT_FSIZE, limits.printed, limits.printed),
        (resource.RLIMIT_NOFILE, limits.files, limits.files),
        *(((resource.RLIMIT_NPROC, threads, threads),) if threads is not None else ()),
    ):
        _, ceiling = resource.getrlimit(kind)
        if ceiling == resource.RLIM_INFINITY:
            ceiling = wanted_hard
        # a stricter machine stays stricter
        resource.setrlimit(kind, (min(wanted_soft, ceiling), min(wanted_hard, ceiling)))
