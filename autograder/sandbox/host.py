"""Run student code in a worker process, from the trusted side: `Sandbox`.

Everything that can happen to student code is returned as a `Failure`. Its `kind` is "error",
"missing" or "memory" as the worker reports it; "timeout", "crash" or "bad_reply" as seen from here;
"grader_fault" if the worker itself died, which says nothing about the student. A killed check
affects only itself. A failure that other checks on this machine may have caused is run once more,
alone, and only that result counts.

`IsolationUnavailable` is raised at the start if student code cannot be isolated. Nothing runs
without isolation unless `allow_unsafe` is set, and then `isolation` says so.
"""

import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Generic, TypeVar

import numpy as np

from autograder.sandbox import host_callbacks, messages, retry_rule, tiers
from autograder.sandbox.limits import Limits
from autograder.sandbox.machine_lock import LockHold, MachineLock
from autograder.sandbox.outcomes import Job, outcome_of, was_kept_waiting
from autograder.sandbox.self_test import Probe
from autograder.sandbox.tier_selection import NoTierHolds, PassedOver, Starter
from autograder.sandbox.tiers import Tier
from autograder.sandbox.worker_process import JobResult, WorkerDied, WorkerProcess
from quantlab.protocol.calls import Answer, Failure, Program
from quantlab.protocol.failure_reasons import FILE as SOLUTION
from quantlab.protocol.repair import REPAIRABLE, Imported, InvalidRepair, blank, repair_of

_NEVER_ALONE = (
    "This check fails in a way that other checks on this machine may have caused, and they left it "
    "no time to run alone. Grade again when no other command of the autograder is running."
)
_Value = TypeVar("_Value")
_Value_co = TypeVar("_Value_co", covariant=True)


class Sandbox:
    """Run student code in a worker process; a context manager for one thread at a time.

    Attributes:
        isolation: The tier and its layers, as reports show them.
        probes: The results of the self-test.
        passed_over: (letter, reason) of stronger tiers that do not hold here.
        arithmetic: torch's version and CPU instructions, which must equal the trusted side's.
    """

    def __init__(
        self,
        python: str = sys.executable,
        limits: Limits | None = None,
        allow_unsafe: bool = False,
        tier: str | Tier | None = None,
        lock: MachineLock | None = None,
    ) -> None:
        """Choose the tiers to try; the worker starts on entering the context.

        Args:
            python: The interpreter of the worker.
            limits: What one check may use.
            allow_unsafe: Run without isolation if no tier holds.
            tier: The letter of the only tier to use, or a `Tier`. The default is the strongest that
                holds. A restarted worker uses the same tier as the first one.
            lock: The lock shared by all checks that may run at the same time.
        """
        self.isolation = "not started"
        self.probes: tuple[Probe, ...] = ()
        self.passed_over: PassedOver = ()
        self.arithmetic = ""
        self._limits = limits or Limits()
        self._starter = Starter(python, self._limits, allow_unsafe, self._attack)
        self._candidates = (tier,) if isinstance(tier, Tier) else tiers.ways(tier, allow_unsafe)
        self._lock = lock or MachineLock()
        self._process: WorkerProcess | None = None
        self._source, self._spent = "", 0.0  # the last solution.py, and its processor time so far

    def __enter__(self) -> "Sandbox":
        """Start the worker."""
        self._worker()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the worker."""
        self.close()

    def close(self) -> None:
        """End the worker and wait for it. The next use of the sandbox starts another one."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def interrupt(self) -> None:
        """End the running check from another thread; its caller gets a grader fault.

        The sandbox must be closed afterwards.
        """
        process = self._process
        if process is not None:
            process.kill()

    @property
    def used_seconds(self) -> float:
        """Return the processor time of all runs of the last solution.py, which is limited."""
        return self._spent

    def count_earlier(self, source: str, used_seconds: float) -> None:
        """Count the time that `source` used in another worker, before a resumed run."""
        self._source, self._spent = source, used_seconds

    def import_source(self, source: str) -> Imported:
        """Import `source` in a fresh process; if that fails, without the statements that fail.

        Which statements these are is found in a second process, which runs them one by one. The
        source without them is imported as any other source. If that fails too, the result is the
        first failure.
        """
        settings = self._import(source)
        if not isinstance(settings, Failure):
            return Imported(source, settings=settings)
        first = settings
        if first.kind not in REPAIRABLE:
            return Imported(source, first)
        skipped = self._ask(
            self._import_job(source, True, messages.read_skipped), self._import_limits
        )
        if isinstance(skipped, Failure) or not skipped:
            return Imported(source, _fault_or(skipped, first))
        try:
            repaired = blank(source, skipped)
        except InvalidRepair:
            return Imported(source, first)
        self._source = repaired  # its processor time counts with that of the whole source
        settings = self._import(repaired)
        if isinstance(settings, Failure):
            return Imported(source, _fault_or(settings, first))
        repair = repair_of(source, first.message, skipped)
        return Imported(repaired, repair=repair, settings=settings)

    def run(self, source: str, program: Program) -> Answer | Failure:
        """Import `source` in a fresh process and make the calls of `program` there.

        Raise `WireError` if `program` holds a value that cannot be sent.
        """
        return self._ask(self._run_job(source, program), self._limits)

    def read_checkpoint(
        self, content: bytes
    ) -> Mapping[str, np.ndarray | float | int | str] | Failure:
        """Return the arrays, numbers and strings of a `.pt` file, by name.

        The file is opened in a fresh process.
        """

        def read(reply: bytes) -> Mapping[str, np.ndarray | float | int | str] | Failure:
            return messages.read_checkpoint_values(reply, self._limits.reply)

        job = Job(messages.pack_checkpoint(content), read, "The saved model")
        return self._ask(job, self._limits)

    def read_document(self, kind: str, content: bytes) -> str | Failure:
        """Return the text of a document of `kind` "pdf", "docx" or "html".

        The document is opened in a fresh process.
        """

        def read(reply: bytes) -> str | Failure:
            return messages.read_text(reply, self._limits.reply)

        job = Job(messages.pack_document(kind, content), read, "The document")
        return self._ask(job, self._limits)

    @property
    def _import_limits(self) -> Limits:
        return replace(
            self._limits,
            cpu_seconds=self._limits.import_cpu_seconds,
            wall_seconds=self._limits.import_wall_seconds,
        )

    def _import(self, source: str) -> tuple[str, ...] | Failure:
        """Return the settings of torch that importing `source` changes."""
        return self._ask(
            self._import_job(source, False, messages.read_settings), self._import_limits
        )

    def _import_job(
        self,
        source: str,
        by_statement: bool,
        read: Callable[[bytes, int], _Value | Failure],
    ) -> "Job[_Value]":
        request = messages.pack_import(source, by_statement)
        reply = self._limits.reply
        return Job(request, lambda frame: read(frame, reply), SOLUTION, source=source)

    def _run_job(self, source: str, program: Program) -> "Job[Answer]":
        def read(reply: bytes) -> Answer | Failure:
            return messages.read_answer(reply, program, self._limits.reply)

        request = messages.pack_run(source, host_callbacks.hidden(program))
        return Job(request, read, SOLUTION, lambda: host_callbacks.responder(program), source)

    # Starting -------------------------------------------------------------------------------------

    def _worker(self) -> WorkerProcess:
        if self._process is None:
            self._process = self._start()
        return self._process

    def _start(self) -> WorkerProcess:
        try:
            started, passed_over = self._starter.strongest(self._candidates)
        except NoTierHolds as problem:
            self.passed_over = self.passed_over or problem.passed_over
            raise
        if self.isolation == "not started":
            self.passed_over = passed_over
        self._candidates = (started.tier,)
        self.isolation, self.probes = started.stamp, started.probes
        self.arithmetic = f"torch {started.worker.ready['torch']}, {started.worker.ready['cpu']}"
        return started.worker

    def _attack(self, worker: WorkerProcess, source: str, program: Program) -> Answer | Failure:
        job = self._run_job(source, program)

        def attempt(hold: AbstractContextManager[LockHold]) -> _Attempt[Answer]:
            with hold as turn:
                outcome = outcome_of(_run(worker, job, self._limits), job, self._limits)
                return _Attempt(outcome, 0.0, turn.is_alone())

        outcome, _ = _settled(attempt, self._lock)
        return outcome

    # Running --------------------------------------------------------------------------------------

    def _ask(self, job: "Job[_Value]", limits: Limits) -> _Value | Failure:
        if job.source and job.source != self._source:
            self._source, self._spent = job.source, 0.0
        if job.source and self._spent > limits.total_cpu_seconds:
            return Failure(
                "timeout",
                f"{job.subject} has used more than {limits.total_cpu_seconds:g} s of computing "
                "time in earlier checks; no more of it is run. Compute less while it is imported "
                "and in functions.",
            )
        outcome, cpu_seconds = _settled(
            lambda hold: self._attempt(self._worker(), job, limits, hold), self._lock
        )
        self._spent += cpu_seconds if job.source else 0.0
        return outcome

    def _attempt(
        self,
        worker: WorkerProcess,
        job: "Job[_Value]",
        limits: Limits,
        hold: AbstractContextManager[LockHold],
    ) -> "_Attempt[_Value]":
        """Run `job` once while holding the machine's lock by `hold`."""
        with hold as turn:
            try:
                ended = _run(worker, job, limits)
            except WorkerDied as error:
                self.close()
                message = "The process that runs checks died, through no fault of the solution"
                died = Failure("grader_fault", f"{message} ({error}).")
                return _Attempt(died, 0.0, turn.is_alone())
            except BaseException:  # Ctrl-C: the worker still owes an answer that is never read
                self.close()
                raise
            outcome = outcome_of(ended, job, limits)
            waited = was_kept_waiting(ended)
            return _Attempt(outcome, ended.cpu_seconds, turn.is_alone(), waited)


def _fault_or(outcome: object, first: Failure) -> Failure:
    """Return a fault of the grader, which says nothing about the source; else `first`."""
    is_fault = isinstance(outcome, Failure) and outcome.kind == "grader_fault"
    return outcome if is_fault else first  # type: ignore[return-value]


@dataclass(frozen=True)
class _Attempt(Generic[_Value_co]):
    """Hold the outcome of one run and its processor time.

    `alone` says that no other check ran on this machine meanwhile, `waited` that the run got too
    little processor time.
    """

    outcome: _Value_co | Failure
    cpu_seconds: float
    alone: bool
    waited: bool = False


def _settled(
    attempt: Callable[[AbstractContextManager[LockHold]], _Attempt[_Value]], lock: MachineLock
) -> tuple[_Value | Failure, float]:
    """Return the outcome that counts, and its processor time.

    What other checks may have caused is run once more, alone.
    """
    first = attempt(lock.shared())
    if not first.waited and (first.alone or not retry_rule.may_have_caused(first.outcome)):
        return first.outcome, first.cpu_seconds
    second = attempt(lock.alone())
    if not second.alone and retry_rule.may_have_caused(second.outcome):
        return Failure("grader_fault", _NEVER_ALONE), second.cpu_seconds
    return second.outcome, second.cpu_seconds


def _run(worker: WorkerProcess, job: Job[_Value], limits: Limits) -> JobResult:
    return worker.run(job.request, limits.cpu_seconds, limits.wall_seconds, job.responder())
