"""Start a worker in the strongest tier that holds, and list the tiers that were skipped.

A tier that lacks something, whose worker does not start, or that fails its self-test is skipped
with a reason and what to do. `IsolationUnavailable` is raised if none is left.
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
    """Hold a worker after its self-test, its tier, and the stamp for reports."""

    worker: WorkerProcess
    tier: Tier
    stamp: str
    probes: tuple[Probe, ...]


@dataclass(frozen=True)
class Starter:
    """Hold what all attempts to start a worker share; `run` makes one run on a worker."""

    python: str
    limits: Limits
    allow_unsafe: bool
    run: Callable[[WorkerProcess, str, Program], Answer | Failure]

    def strongest(self, candidates: Sequence[Tier]) -> tuple[Started, PassedOver]:
        """Return a worker of the first tier that holds, and (letter, reason) of those before."""
        passed_over: dict[tuple[str, str], None] = {}  # in order; what two ways lack is said once
        for tier in candidates:
            try:
                return self.start(tier), tuple(passed_over)
            except IsolationUnavailable as problem:
                passed_over[tier.letter, str(problem)] = None
        raise NoTierHolds(tuple(passed_over))

    def start(self, tier: Tier) -> Started:
        """Return a worker of `tier`. Raise `IsolationUnavailable` if the tier does not hold."""
        if sys.platform != "linux":
            raise IsolationUnavailable(
                "Student code can only be isolated on Linux; grade in Docker or a Linux virtual "
                "machine (docs/isolation.md)."
            )
        if tier.leaks_are_allowed and not self.allow_unsafe:
            raise IsolationUnavailable(
                "Student code would run with your rights; allow unsafe grading, at your own risk."
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
                f"The self-test of the sandbox did not run: {error}. Grade on another machine."
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
    kernel = "this kernel has no Landlock" if abi == 0 else "a layer does not hold"
    raise IsolationUnavailable(
        f"Student code could {open_doors[0].meaning}: {kernel} (not blocked: {names}). Grade on "
        "Linux 5.13 or newer with Landlock switched on, or in Docker on such a machine; or "
        "allow unsafe grading, at your own risk."
    )
