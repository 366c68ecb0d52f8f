"""Say what the end of a run of student code means: the value that it sent, or a `Failure`.

A process that was killed or sent nothing is judged here, on the trusted side. What the worker says
about itself is in its reply, which `Job.read` checks.
"""

import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from autograder.sandbox.limits import Limits
from autograder.sandbox.worker_process import JobResult
from quantlab.protocol.calls import Failure
from quantlab.protocol.sanitize_text import clean
from quantlab.protocol.wire import WireError

_SHOWN_LINES = 100
_Value = TypeVar("_Value")
_Value_co = TypeVar("_Value_co", covariant=True)


@dataclass(frozen=True)
class Job(Generic[_Value_co]):
    """Hold a request, the reader of its reply, and the file that messages about it name.

    `responder` creates the function that answers the callbacks of one run.
    """

    request: bytes
    read: Callable[[bytes], _Value_co | Failure]
    subject: str
    responder: Callable[[], Callable[[bytes], bytes] | None] = lambda: None
    source: str = ""


def outcome_of(ended: JobResult, job: Job[_Value], limits: Limits) -> _Value | Failure:
    """Return the value of a reply, or why there is none, with what the process printed."""
    failure = _killed(ended, limits, job.subject)
    if failure is None:
        try:
            result = job.read(ended.reply)
        except WireError as error:
            failure = Failure(
                "bad_reply",
                f"What the process of {job.subject} sent back is not an answer ({error}); it must "
                "not write to file descriptors or change json, os, numpy and torch.",
            )
        else:
            if not isinstance(result, Failure):
                return result
            failure = result
    return replace(failure, output=clean(ended.output, limits.shown, lines=_SHOWN_LINES))


def _killed(ended: JobResult, limits: Limits, subject: str) -> Failure | None:
    """Return the failure of a process that ended without a reply; None if it replied."""
    kind, message = "crash", ""
    if not ended.is_confined:
        kind = "grader_fault"
        message = "The process that runs a check could not be isolated."
    elif ended.signal == signal.SIGXCPU or (
        # the kernel's limit counts ticks: it may strike well before this much time was used
        ended.signal == signal.SIGKILL and ended.cpu_seconds >= limits.cpu_seconds / 2
    ):
        kind = "timeout"
        message = (
            f"{subject} needs more than {limits.cpu_seconds} s of computing time; look for a loop "
            "without end, and compute with whole tensors."
        )
    elif was_kept_waiting(ended):
        kind = "grader_fault"
        message = "This machine is too busy to give a check its time; grade again on a quieter one."
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


def was_kept_waiting(ended: JobResult) -> bool:
    """Return whether other programs used up the time, not the student's code."""
    return ended.stopped == "deadline" and ended.waited_seconds > ended.wall_seconds / 2


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
