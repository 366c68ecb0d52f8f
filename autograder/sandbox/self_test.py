"""Test the sandbox by attacking it: nothing is concluded from version numbers.

The self-test creates targets on the host (a private file, listeners, this process) and runs
`probes` in the sandbox like a submission. `IsolationUnavailable` is raised if an attack succeeds,
with a message that names it.
"""

import os
import platform
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.errors import IsolationUnavailable
from autograder.sandbox.denied_syscalls import DENIED
from autograder.sandbox.limits import Limits
from quantlab.paths import KIT
from quantlab.protocol.calls import Answer, Call, Failure, Program

_PROBES = Path(__file__).with_name("escape_attempts.py")

MEANINGS = {
    "read_file": "read files of the account that grades",
    "read_course": "read the tests and the reference solution of this course",
    "import_course": "import the reference solution of this course",
    "list_folder": "see what is in folders",
    "stat_file": "see whether a file exists, and how large it is",
    "write_file": "write files",
    "change_mode": "change who may read a file",
    "write_tmp": "leave files in the folder for temporary files",
    "write_shared_memory": "leave data in shared memory",
    "tcp": "use the network (TCP)",
    "udp": "use the network (UDP)",
    "unix_socket": "talk to other programs of this machine (unix sockets)",
    "signal_host": "stop the program that grades",
    "signal_worker": "stop the process that starts every check",
    "limit_host": "change the limits of the program that grades",
    "read_host_environment": "read the environment of the program that grades",
    "read_worker_memory": "read the memory of the process that starts every check",
    "trace_worker": "take over the process that starts every check",
    "list_processes": "see which programs run on this machine",
    "keyring": "use the keys that the kernel keeps for the account that grades",
    "fork": "start processes that outlive a check",
    "execute": "start other programs",
    "new_namespace": "get root's powers in a namespace of its own",
    "raise_limits": "raise its own limits",
    "much_memory": "use up the memory of this machine",
}

# Landlock has no say over stat(): only a file system without the files hides them.
ONLY_IN_A_BUBBLE = frozenset({"stat_file"})


@dataclass(frozen=True)
class Probe:
    """Hold an attack, what it would let students do (`meaning`), and whether it was blocked.

    `promised` says whether the tier promises to block it.
    """

    name: str
    meaning: str
    blocked: bool
    promised: bool


def self_test(
    run: Callable[[str, Program], Answer | Failure], bubblewrap: bool
) -> tuple[Probe, ...]:
    """Attack the sandbox behind `run(source, program)`; return every probe with its outcome.

    Raise `IsolationUnavailable` if the probes cannot run.
    """
    with _canaries() as targets:
        program = Program((Call("attempt", (targets,)),))
        answer = run(_PROBES.read_text(encoding="utf-8"), program)
    if isinstance(answer, Failure):
        raise IsolationUnavailable(
            f"The self-test of the sandbox did not run ({answer.message}) "
            "Grade on another machine, and report this."
        )
    succeeded = answer.results[0]
    return tuple(
        Probe(
            name,
            meaning,
            blocked=succeeded.get(name) is False,
            promised=bubblewrap or name not in ONLY_IN_A_BUBBLE,
        )
        for name, meaning in MEANINGS.items()
    )


def leaks(probes: Sequence[Probe]) -> tuple[Probe, ...]:
    """Return the probes that succeeded although the tier promises to block them."""
    return tuple(probe for probe in probes if probe.promised and not probe.blocked)


@contextmanager
def _canaries() -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="canary")))
        secret = folder / "secret"
        secret.touch(mode=0o600)
        secret.write_text("not for students")
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", 0))
        local = stack.enter_context(socket.socket(socket.AF_UNIX))
        local.bind(str(folder / "socket"))
        local.listen()
        left_behind = [
            Path(place, f"canary-{os.getpid()}") for place in (tempfile.gettempdir(), "/dev/shm")
        ]
        for path in left_behind:
            stack.callback(path.unlink, missing_ok=True)
        yield {
            "folder": str(folder),
            "secret": str(secret),
            "course_file": str(KIT / "autograder" / "engine" / "record.py"),
            "course_module": "autograder.engine.record",
            "tmp_file": str(left_behind[0]),
            "shared_memory_file": str(left_behind[1]),
            "tcp_port": tcp.getsockname()[1],
            "udp_port": udp.getsockname()[1],
            "unix_socket": str(folder / "socket"),
            "host": os.getpid(),
            "keyctl": DENIED["keyctl"][platform.machine() == "aarch64"],
            "much_memory": 4 * Limits.memory,
        }
