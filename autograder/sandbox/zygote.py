"""The host's end of the worker: starts it, hands it one job at a time, and takes back bytes.

Nothing that comes back is looked into here. `WorkerDied` is raised when the worker itself ends,
stops answering, or cannot start; the code of a student ending is an ordinary `Ended`. The worker
closes when its control socket does, so a host that is killed leaves none behind.
"""

import json
import os
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from autograder.sandbox.exchange import Exchange
from autograder.sandbox.limits import Limits
from autograder.sandbox.messages import WALLS_STAND
from quantlab.files import user_cache

_WORKER = Path(__file__).with_name("worker.py")
_START_SECONDS = 120.0  # importing torch takes 2 s; from a cold network disk it has taken a minute
_GRACE_SECONDS = 15.0  # after the worker's own deadline, before it counts as dead
_CHUNK = 1 << 20  # bytes
_MESSAGE = 4096  # bytes of a control message at most

# All of the worker's environment: nothing of the host's, which may hold secrets, is in it.
_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "HOME": "/nonexistent",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",  # an arena per thread would use up the address space
    "PYTHONHASHSEED": "0",  # sets come in the same order in every run
    "CUDA_VISIBLE_DEVICES": "",
    "TORCHINDUCTOR_CACHE_DIR": "/",  # else optimizers look for a place to write
}
# As -I, which however would ignore PYTHONHASHSEED: nothing of a user's, of the environment's or of
# the current folder's is imported.
_FLAGS = ("-s", "-P", "-B", "-u", "-X", "utf8")


class WorkerDied(Exception):
    """The worker is of no use any more; the text says why."""


@dataclass(frozen=True)
class Ended:
    """How a job ended, and what it left.

    `reply` are the bytes it sent, at most the limit; `walls_stood` says whether it was behind its
    walls before it read anything; `stopped` is None, "deadline" or "reply" (it sent more than the
    limit); `signal` is what killed it, or 0; `waited_seconds` is how long it was ready to run while
    other programs had the processors (0 unless it was stopped); `output` is the start of what it
    printed.
    """

    reply: bytes
    walls_stood: bool
    stopped: str | None
    signal: int
    cpu_seconds: float
    wall_seconds: float
    waited_seconds: float
    output: str


class Zygote:
    """A running worker. Belongs to one thread at a time."""

    def __init__(self, python: str, limits: Limits, landlock: bool, seccomp: bool) -> None:
        """Starts `python` and waits until it is ready; WorkerDied if that fails."""
        self._limits = limits
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._complaints = os.memfd_create("worker-errors")
        try:
            self._process = subprocess.Popen(
                [python, *_FLAGS, str(_WORKER), str(theirs.fileno())],
                env={**_ENVIRONMENT, "MPLCONFIGDIR": str(user_cache() / "matplotlib")},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._complaints,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # Ctrl-C is the host's to handle
            )
        except OSError as error:
            self._control.close()
            os.close(self._complaints)
            raise WorkerDied(f"{python} could not be started ({error.strerror})") from error
        finally:
            theirs.close()
        try:
            wanted = {"limits": asdict(limits), "landlock": landlock, "seccomp": seccomp}
            self._send(json.dumps(wanted).encode())
            self.ready: Mapping[str, Any] = self._receive(_START_SECONDS)
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return self._process.pid

    def run(self, request: bytes, cpu_seconds: int, wall_seconds: float) -> Ended:
        """Has a fresh fork handle `request`. After any exception the worker must be closed."""
        job = {"cpu_seconds": cpu_seconds, "wall_seconds": wall_seconds}
        output = os.memfd_create("output")
        try:
            with Exchange(self._control, request, self._limits.reply) as exchange:
                self._send(json.dumps(job).encode(), *exchange.far_ends, output)
                exchange.until_answered(wall_seconds + _GRACE_SECONDS)
                status = self._receive(_GRACE_SECONDS)
                exchange.read_what_is_left()
            printed = os.pread(output, 4 * self._limits.shown, 0)
        except TimeoutError as error:
            raise WorkerDied("the worker does not keep its own deadlines") from error
        finally:
            os.close(output)
        return Ended(
            reply=bytes(exchange.reply[1:]),
            walls_stood=exchange.reply[:1] == WALLS_STAND,
            stopped="reply" if exchange.too_long else status["stopped"],
            signal=status["signal"],
            cpu_seconds=status["cpu_seconds"],
            wall_seconds=status["wall_seconds"],
            waited_seconds=status["waited_seconds"],
            output=printed.decode("utf-8", "replace"),
        )

    def close(self) -> None:
        """Ends the worker and whatever it runs, and waits for it. May be called again."""
        self._control.close()
        try:
            self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            self._process.kill()  # its fork dies with it, by PR_SET_PDEATHSIG
            self._process.wait()
        if self._complaints >= 0:
            os.close(self._complaints)
            self._complaints = -1

    def _send(self, message: bytes, *descriptors: int) -> None:
        try:
            socket.send_fds(self._control, [message], descriptors)
        except OSError as error:
            raise WorkerDied(self._reason()) from error

    def _receive(self, seconds: float) -> Any:
        self._control.settimeout(seconds)
        try:
            message = self._control.recv(_MESSAGE)
        except TimeoutError as error:
            raise WorkerDied(f"the worker did not answer for {seconds:.0f} s") from error
        except OSError as error:
            raise WorkerDied(self._reason()) from error
        if not message:
            raise WorkerDied(self._reason())
        return json.loads(message)

    def _reason(self) -> str:
        complaints = os.pread(self._complaints, _CHUNK, 0).decode("utf-8", "replace").split("\n")
        last = next((line for line in reversed(complaints) if line.strip()), "")
        return f"the worker ended: {last}" if last else "the worker ended without a word"
