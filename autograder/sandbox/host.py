"""The trusted side of the wall: `Sandbox` runs a student's code and brings back claims.

Everything that can happen to the code of a student comes back as a `Failure`, whose `kind` says
what: "error", "missing" or "memory" as the worker reports it; "timeout", "crash" and "bad_reply" as
seen from here; "grader_fault" when the worker itself died, which says nothing about the student. A
killed check costs itself only. `IsolationUnavailable` is raised at the start where student code
could not be held back; nothing is ever run without walls unless `allow_unsafe` says so, and then
`isolation` does too.
"""

import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Generic, TypeVar

import numpy as np

from autograder.cleaning import clean
from autograder.sandbox import isolation, landlock, messages
from autograder.sandbox.calls import Answer, Failure, Program
from autograder.sandbox.isolation import IsolationUnavailable, Probe
from autograder.sandbox.limits import Limits
from autograder.sandbox.wire import WireError
from autograder.sandbox.zygote import Ended, WorkerDied, Zygote

UNISOLATED = "UNISOLATED"
_SHOWN_LINES = 100
_Value = TypeVar("_Value")


class Sandbox:
    """A context manager around a worker process; use it from one thread at a time.

    `use_landlock` and `use_seccomp` leave a wall out, for machines that lack it; what then leaks
    makes the start fail unless `allow_unsafe` is given. After the start, `isolation` is the stamp
    for reports, `probes` what the self-test found, and `arithmetic` names torch's version and the
    instructions it computes with, which have to be those of the trusted side.
    """

    def __init__(
        self,
        python: str = sys.executable,
        limits: Limits | None = None,
        allow_unsafe: bool = False,
        use_landlock: bool = True,
        use_seccomp: bool = True,
    ) -> None:
        self.isolation = "not started"
        self.probes: tuple[Probe, ...] = ()
        self.arithmetic = ""
        self._python = python
        self._limits = limits or Limits()
        self._allow_unsafe = allow_unsafe
        self._landlock, self._seccomp = use_landlock, use_seccomp
        self._zygote: Zygote | None = None

    def __enter__(self) -> "Sandbox":
        self._worker()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the worker and waits for it; the sandbox starts another when it is used again."""
        if self._zygote is not None:
            self._zygote.close()
            self._zygote = None

    def import_source(self, source: str) -> Failure | None:
        """Loads `source` in a fresh process that does nothing else; None if that works."""
        limits = replace(
            self._limits,
            cpu_seconds=self._limits.import_cpu_seconds,
            wall_seconds=self._limits.import_wall_seconds,
        )
        outcome = self._ask(self._run_job(source, Program(calls=())), limits)
        return outcome if isinstance(outcome, Failure) else None

    def run(self, source: str, program: Program) -> Answer | Failure:
        """Loads `source` in a fresh process and makes the calls of `program` there.

        Raises WireError if `program` holds a value that cannot be sent.
        """
        return self._ask(self._run_job(source, program), self._limits)

    def read_checkpoint(
        self, content: bytes
    ) -> Mapping[str, np.ndarray | float | int | str] | Failure:
        """Names to arrays, numbers and strings of a `.pt` file, opened in a fresh process."""

        def read(reply: bytes) -> Mapping[str, np.ndarray | float | int | str] | Failure:
            return messages.read_checkpoint_values(reply, self._limits.reply)

        job = _Job(messages.pack_checkpoint(content), read, "The saved model")
        return self._ask(job, self._limits)

    def _run_job(self, source: str, program: Program) -> "_Job[Answer]":
        def read(reply: bytes) -> Answer | Failure:
            return messages.read_answer(reply, program, self._limits.reply)

        return _Job(messages.pack_run(source, program), read, "solution.py")

    # Starting -------------------------------------------------------------------------------------

    def _worker(self) -> Zygote:
        if self._zygote is None:
            self._zygote = self._start()
        return self._zygote

    def _start(self) -> Zygote:
        if sys.platform != "linux":
            raise IsolationUnavailable(
                "Student code can only be held back on Linux; mark in Docker or a Linux virtual "
                "machine."
            )
        abi = landlock.abi()
        try:
            zygote = Zygote(self._python, self._limits, self._landlock and abi > 0, self._seccomp)
        except WorkerDied as error:
            raise IsolationUnavailable(
                f"The sandbox did not start: {error}. Check that {self._python} can import torch "
                "and numpy."
            ) from error

        def attack(source: str, program: Program) -> Answer | Failure:
            job = self._run_job(source, program)
            ended = zygote.run(job.request, self._limits.cpu_seconds, self._limits.wall_seconds)
            return _outcome(ended, job, self._limits)

        try:
            probes = isolation.self_test(attack)
            self.isolation = self._stamp(abi, probes)
        except WorkerDied as error:
            zygote.close()
            raise IsolationUnavailable(
                f"The self-test of the sandbox did not run: {error}. Mark on another machine."
            ) from error
        except BaseException:
            zygote.close()
            raise
        self.probes = probes
        self.arithmetic = f"torch {zygote.ready['torch']}, {zygote.ready['cpu']}"
        return zygote

    def _stamp(self, abi: int, probes: tuple[Probe, ...]) -> str:
        open_doors = isolation.leaks(probes)
        if not open_doors:
            walls = [f"Landlock ABI {abi}"] * (self._landlock and abi > 0)
            walls += ["seccomp"] * self._seccomp
            return f"B: {' + '.join([*walls, 'limits'])}"
        names = ", ".join(probe.name for probe in open_doors)
        if self._allow_unsafe:
            return f"{UNISOLATED}: {names} not blocked"
        kernel = "this kernel has no Landlock" if abi == 0 else "a wall does not hold"
        raise IsolationUnavailable(
            f"Student code could {open_doors[0].meaning}: {kernel} (not blocked: {names}). Mark on "
            "Linux 5.13 or newer with Landlock switched on, or in Docker on such a machine; or "
            "allow unsafe marking, at your own risk."
        )

    # Running --------------------------------------------------------------------------------------

    def _ask(self, job: "_Job[_Value]", limits: Limits) -> _Value | Failure:
        try:
            ended = self._worker().run(job.request, limits.cpu_seconds, limits.wall_seconds)
            if _was_kept_waiting(ended):
                ended = self._worker().run(job.request, limits.cpu_seconds, limits.wall_seconds)
        except WorkerDied as error:
            self.close()
            return Failure(
                "grader_fault",
                f"The process that runs checks died, through no fault of the solution ({error}).",
            )
        except BaseException:  # Ctrl-C: the worker still owes an answer that nobody will read
            self.close()
            raise
        return _outcome(ended, job, limits)


@dataclass(frozen=True)
class _Job(Generic[_Value]):
    """A request, how its reply is read, and the file that a sentence about it begins with."""

    request: bytes
    read: Callable[[bytes], _Value | Failure]
    subject: str


def _outcome(ended: Ended, job: _Job[_Value], limits: Limits) -> _Value | Failure:
    found = _killed(ended, limits, job.subject)
    if found is None:
        try:
            result = job.read(ended.reply)
        except WireError as error:
            found = Failure(
                "bad_reply",
                f"What the process of {job.subject} sent back is no answer ({error}); it must not "
                "write to file descriptors or change json, os, numpy and torch.",
            )
        else:
            if not isinstance(result, Failure):
                return result
            found = result
    return replace(found, output=clean(ended.output, limits.shown, lines=_SHOWN_LINES))


def _killed(ended: Ended, limits: Limits, subject: str) -> Failure | None:
    """The failure of a process that did not end by sending a reply; None for one that did."""
    kind, message = "crash", ""
    if not ended.walls_stood:
        kind = "grader_fault"
        message = "The process that runs a check could not be walled in."
    elif ended.signal == signal.SIGXCPU or (
        ended.signal == signal.SIGKILL and ended.cpu_seconds >= limits.cpu_seconds
    ):
        kind = "timeout"
        message = (
            f"{subject} needs more than {limits.cpu_seconds} s of computing time; look for a loop "
            "without end, and compute with whole tensors."
        )
    elif _was_kept_waiting(ended):
        kind = "grader_fault"
        message = "This machine is too busy to give a check its time; mark again on a quieter one."
    elif ended.stopped == "deadline":
        kind = "timeout"
        message = f"{subject} does not finish within {limits.wall_seconds:g} s."
    elif ended.stopped == "reply":
        kind = "bad_reply"
        message = f"{subject} sends back far more than any answer can be."
    elif ended.signal:
        message = f"{subject} crashes Python ({_signal_name(ended.signal)})."
    elif not ended.reply:
        message = f"{subject} ends the program before it answers; remove os._exit and the like."
    return Failure(kind, message) if message else None


def _was_kept_waiting(ended: Ended) -> bool:
    """Whether other programs, not the student's own, used up the time: neither slow nor asleep."""
    return ended.stopped == "deadline" and ended.waited_seconds > ended.wall_seconds / 2


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
