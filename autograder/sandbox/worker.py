"""The script of the worker process: switch to its own user, then serve jobs (`fork_server`).

`worker_process.WorkerProcess` starts it with the number of a control socket as its argument. The
first message there holds the settings. The user is switched before numpy and torch are imported, so
a file that this user cannot read is noticed before anything is graded.
"""

import fcntl
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # this script has no package otherwise

from autograder.sandbox import linux_calls
from autograder.sandbox.relaxed_gc import relaxed_gc

_MESSAGE = 4096  # bytes of a control message at most


def main() -> None:
    """Prepare, report that, and serve until the host closes the control socket."""
    _hear_interrupts()
    linux_calls.end_first_without_memory()
    control = socket.socket(fileno=int(sys.argv[1]))
    wanted = json.loads(control.recv(_MESSAGE))
    if wanted["user"] is not None:
        linux_calls.become(wanted["user"])
    with _ending_with_the_host(control), relaxed_gc():
        from autograder.sandbox.fork_server import arithmetic, prepare, serve  # noqa: PLC0415

        confinement = prepare(wanted)
    control.send(json.dumps(arithmetic()).encode())
    serve(control, confinement)
    os._exit(0)  # nothing is left to tidy up, and torch would take its time to


def _hear_interrupts() -> None:
    """Restore Python's handling of SIGINT.

    A shell starts background jobs with SIGINT ignored, and a score must not depend on that.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


@contextmanager
def _ending_with_the_host(control: socket.socket) -> Iterator[None]:
    """Let the kernel end this process if the host ends before `serve` listens."""
    flags = fcntl.fcntl(control, fcntl.F_GETFL)
    fcntl.fcntl(control, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(control, fcntl.F_SETFL, flags | os.O_ASYNC)  # a hang-up is the signal SIGIO
    if select.select([control], [], [], 0)[0]:  # it was gone before the line above
        sys.exit("the host has gone")
    yield
    fcntl.fcntl(control, fcntl.F_SETFL, flags)


if __name__ == "__main__":
    main()
