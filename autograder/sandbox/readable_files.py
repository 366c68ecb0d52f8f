"""List the files that student code can read: Python, its packages, parts of quantlab.

Landlock enforces the list. `quantlab.protocol.import_policy` gives a clear message for the modules
of quantlab that are not in it.
"""

from pathlib import Path

from autograder.sandbox.landlock import Readable
from quantlab.paths import KIT
from quantlab.protocol.import_policy import WITHHELD, library_folders


def readable_files() -> Readable:
    """Return the files that stay readable.

    Without /proc/cpuinfo torch would compute with slower kernels.
    """
    machine = (
        *("/proc/cpuinfo", "/proc/meminfo", "/proc/sys/vm/overcommit_memory"),
        *("/etc/ld.so.cache", "/etc/localtime", "/dev/urandom", "/dev/zero"),
    )
    package = KIT / "quantlab"
    allowed = (file for file in sorted(package.rglob("*.py")) if _module(file) not in WITHHELD)
    return Readable(
        trees=(
            *library_folders(),
            Path("/sys/devices/system/cpu"),
            Path("/sys/devices/system/node"),
        ),
        files=(*map(Path, machine), *allowed),
        folders=(package,),
        sinks=(Path("/dev/null"),),
    )


def _module(file: Path) -> str:
    return ".".join(file.relative_to(KIT).with_suffix("").parts)
