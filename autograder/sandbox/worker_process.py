"""The host's handle of the worker: start it, send it one job at a time, receive bytes.

The bytes are not interpreted here. `WorkerDied` is raised when the worker itself ends, stops
answering, or cannot start. If only the student's code ends, the result is an ordinary `JobResult`.
The worker ends when its control socket closes, so a killed host leaves no worker behind.
"""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from autograder.errors import WorkerDied
from autograder.sandbox import bubblewrap, landlock
from autograder.sandbox.job_io import JobPipes
from autograder.sandbox.limits import Limits
from autograder.sandbox.spare_user import NoSpareUser, SpareUser, threads_by_user
from autograder.sandbox.tiers import Tier
from quantlab.atomic_files import user_cache

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


@dataclass(frozen=True)
class JobResult:
    """Hold how a job ended, and what it left.

    Attributes:
        reply: The bytes it sent, at most the limit.
        is_confined: Whether it was confined before it read anything.
        stopped: None, "deadline", or "reply" if it sent more than the limit.
        signal: The signal that killed it, or 0.
        waited_seconds: How long it was ready to run while other programs had the processors; 0
            unless it was stopped.
        output: The start of what it printed.
    """

    reply: bytes
    is_confined: bool
    stopped: str | None
    signal: int
    cpu_seconds: float
    wall_seconds: float
    waited_seconds: float
    output: str


class WorkerProcess:
    """Run a worker behind the layers of a tier. Belongs to one thread at a time."""

    def __init__(self, python: str, limits: Limits, tier: Tier) -> None:
        """Start `python` and wait until it is ready. Raise `WorkerDied` if that fails."""
        self._limits = limits
        with ExitStack() as undo:
            user = self._spare_user(undo) if tier.own_uid else None
            self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            undo.callback(self._control.close)
            self._complaints = os.memfd_create("worker-errors")
            undo.callback(os.close, self._complaints)
            with theirs:
                self._process = self._start(python, tier, theirs.fileno())
            undo.callback(self._end_process)
            self._send(json.dumps(self._wanted(tier, user)).encode())
            self.ready: Mapping[str, Any] = self._receive(_START_SECONDS)
            self._undo = undo.pop_all()

    def _spare_user(self, undo: ExitStack) -> int:
        try:
            user = SpareUser()
        except (NoSpareUser, OSError) as error:
            raise WorkerDied(str(error)) from error
        undo.callback(user.close)
        return user.number

    def _start(self, python: str, tier: Tier, control: int) -> "subprocess.Popen[bytes]":
        environment = dict(_ENVIRONMENT)
        fonts = _matplotlib_cache()
        if fonts is not None and not tier.bubblewrap and not tier.own_uid:
            environment["MPLCONFIGDIR"] = str(fonts)
        try:
            around = bubblewrap.command(python, _FLAGS, tier.own_uid) if tier.bubblewrap else []
            return subprocess.Popen(
                [*around, python, *_FLAGS, str(_WORKER), str(control)],
                env=environment,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._complaints,
                pass_fds=(control,),
                start_new_session=True,  # Ctrl-C is the host's to handle
            )
        except OSError as error:
            raise WorkerDied(f"{python} could not be started ({error.strerror})") from error

    def _wanted(self, tier: Tier, user: int | None) -> dict[str, Any]:
        # Counted here: /proc in a bubble shows nothing of what else this user runs.
        running = threads_by_user().get(os.getuid() if user is None else user, 0)
        return {
            "limits": asdict(self._limits),
            "landlock": tier.landlock and landlock.abi() > 0,
            "seccomp": tier.seccomp,
            "user": user,
            "threads": running + self._limits.threads,
        }

    def run(
        self,
        request: bytes,
        cpu_seconds: int,
        wall_seconds: float,
        respond: Callable[[bytes], bytes] | None = None,
    ) -> JobResult:
        """Let a fresh fork handle `request`; `respond` answers its callbacks.

        After any exception the worker must be closed.
        """
        job = {"cpu_seconds": cpu_seconds, "wall_seconds": wall_seconds}
        output = os.memfd_create("output")
        try:
            with JobPipes(self._control, request, self._limits.reply, respond) as exchange:
                self._send(json.dumps(job).encode(), *exchange.far_ends, output)
                exchange.until_answered(wall_seconds + _GRACE_SECONDS)
                status = self._receive(_GRACE_SECONDS)
                exchange.read_what_is_left()
            printed = os.pread(output, 4 * self._limits.shown, 0)
        except TimeoutError as error:
            raise WorkerDied("the worker does not keep its own deadlines") from error
        finally:
            os.close(output)
        return JobResult(
            reply=bytes(exchange.reply),
            is_confined=exchange.is_confined,
            stopped="reply" if exchange.too_much else status["stopped"],
            signal=status["signal"],
            cpu_seconds=status["cpu_seconds"],
            wall_seconds=status["wall_seconds"],
            waited_seconds=status["waited_seconds"],
            output=printed.decode("utf-8", "replace"),
        )

    def close(self) -> None:
        """End the worker and all it runs, and wait for it. May be called repeatedly."""
        self._undo.close()

    def kill(self) -> None:
        """Kill the worker and all it runs, without waiting. Any thread may call it."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _end_process(self) -> None:
        self._control.close()
        try:
            self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            # The bubble with all in it; without one the worker, with which its fork dies.
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

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


def _matplotlib_cache() -> Path | None:
    """Return the folder of matplotlib's font list; None if it is not writable."""
    folder = user_cache() / "matplotlib"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None
