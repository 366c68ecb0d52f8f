"""Starts a worker behind the strongest tier that holds, and says which tiers were passed over.

A tier that lacks something, whose worker does not start, or that leaks in its self-test gives way
to the next one with a reason that a person can act on. `IsolationUnavailable` is raised when none
is left; student code is never run behind less than was found to hold.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from autograder.errors import NoTierHolds
from autograder.sandbox import landlock, self_test, tiers
from autograder.sandbox.limits import Limits
from autograder.sandbox.self_test import IsolationUnavailable, Probe
from autograder.sandbox.tiers import Tier
from autograder.sandbox.worker_process import WorkerDied, WorkerProcess
from quantlab.protocol.calls import Answer, Failure, Program

UNISOLATED = "UNISOLATED"
PassedOver = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Started:
    """A worker after its self-test, the tier it is behind, and the stamp that says so."""

    worker: WorkerProcess
    tier: Tier
    stamp: str
    probes: tuple[Probe, ...]


@dataclass(frozen=True)
class Starter:
    """What every attempt to start a worker has in common; `run` makes one run on a worker."""

    python: str
    limits: Limits
    allow_unsafe: bool
    run: Callable[[WorkerProcess, str, Program], Answer | Failure]

    def strongest(self, candidates: Sequence[Tier]) -> tuple[Started, PassedOver]:
        """A worker behind the first candidate that holds, and (letter, reason) of those before."""
        passed_over: dict[tuple[str, str], None] = {}  # in order; what two ways lack is said once
        for tier in candidates:
            try:
                return self.start(tier), tuple(passed_over)
            except IsolationUnavailable as problem:
                passed_over[tier.letter, str(problem)] = None
        raise NoTierHolds(tuple(passed_over))

    def start(self, tier: Tier) -> Started:
        """A worker behind `tier`; IsolationUnavailable with the reason if it does not hold."""
        if sys.platform != "linux":
            raise IsolationUnavailable(
                "Student code can only be held back on Linux; mark in Docker or a Linux virtual "
                "machine (docs/self_test.md)."
            )
        if tier.leaks_are_allowed and not self.allow_unsafe:
            raise IsolationUnavailable(
                "Student code would run with your rights; allow unsafe marking, at your own risk."
            )
        lacks = tiers.why_unavailable(tier, self.python)
        if lacks:
            raise IsolationUnavailable(lacks)
        try:
            worker = WorkerProcess(self.python, self.limits, tier)
        except WorkerDied as error:
            raise IsolationUnavailable(
                f"The sandbox did not start: {error}. Check that {self.python} can import torch "
                "and numpy."
            ) from error
        try:
            probes = self_test.self_test(
                lambda source, program: self.run(worker, source, program), tier.bubblewrap
            )
            return Started(worker, tier, _stamp(tier, probes), probes)
        except WorkerDied as error:
            worker.close()
            raise IsolationUnavailable(
                f"The self-test of the sandbox did not run: {error}. Mark on another machine."
            ) from error
        except BaseException:
            worker.close()
            raise


def _stamp(tier: Tier, probes: tuple[Probe, ...]) -> str:
    abi = landlock.abi()
    open_doors = self_test.leaks(probes)
    names = ", ".join(probe.name for probe in open_doors)
    if tier.leaks_are_allowed:
        return f"{UNISOLATED}: {names} not blocked" if names else UNISOLATED
    if not open_doors:
        return f"{tier.letter}: {tier.layers(abi)}"
    kernel = "this kernel has no Landlock" if abi == 0 else "a wall does not hold"
    raise IsolationUnavailable(
        f"Student code could {open_doors[0].meaning}: {kernel} (not blocked: {names}). Mark on "
        "Linux 5.13 or newer with Landlock switched on, or in Docker on such a machine; or "
        "allow unsafe marking, at your own risk."
    )
