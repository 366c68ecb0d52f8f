"""The command `isolation`: show what student code can and cannot reach on this machine.

The exit status is 0 if a tier works, 2 if none does; then it prints why, tier by tier.
"""

import sys

from autograder.exit_status import DONE, USAGE
from autograder.sandbox.limits import Limits
from autograder.sandbox.self_test import IsolationUnavailable, Probe
from autograder.sandbox.tier_selection import PassedOver

_NO_TIER_PROTECTS_AGAINST = (
    "holes in the kernel, and in the drivers of this machine",
    "answers that students got from each other, or learned by heart",
    "a computation that watches how long others take on the same machine",
)
_WITHOUT_TIER = "Student code is not run without one. See docs/isolation.md for what a tier needs."
_OUTSIDE_LINUX = (
    "The sandbox needs Linux. Grade in Docker, which runs Linux here too: "
    "docs/isolation.md shows the two commands for the Dockerfile of this kit."
)


def isolation(tier: str | None = None, allow_unsafe: bool = False) -> int:
    """Start a sandbox, on `tier` or the strongest that works, and print its self-test."""
    if sys.platform != "linux":
        print(_OUTSIDE_LINUX, file=sys.stderr)
        return USAGE
    from autograder.sandbox.host import Sandbox  # noqa: PLC0415 - has no meaning elsewhere

    sandbox = Sandbox(tier=tier, allow_unsafe=allow_unsafe)
    try:
        with sandbox:
            lines = describe(sandbox.isolation, sandbox.probes, sandbox.passed_over, Limits())
    except IsolationUnavailable as problem:
        what = f"Tier {tier} does not work here." if tier else "No tier works here."
        print(f"{what} {_WITHOUT_TIER}", file=sys.stderr)
        for letter, reason in sandbox.passed_over or (("?", str(problem)),):
            print(f"  {letter}: {reason}", file=sys.stderr)
        return USAGE
    print("\n".join(lines))
    return DONE


def describe(
    stamp: str, probes: tuple[Probe, ...], passed_over: PassedOver, limits: Limits
) -> list[str]:
    """Return the lines to print: the stamp, what is blocked, what is not, and why."""
    blocked = [probe for probe in probes if probe.blocked]
    lines = [
        f"Isolation {stamp}.",
        f"Self-test: {len(blocked)} of {len(probes)} attempts blocked.",
        "",
        "Student code cannot",
        *(f"  {probe.meaning}" for probe in blocked),
        "",
        "Student code can",
        "  read the installed Python packages, and the files of quantlab that students have",
        f"  compute for {limits.cpu_seconds} s of processor time per check, or "
        f"{limits.wall_seconds:g} s by the clock",
        f"  use {limits.memory >> 20} MiB of memory per check",
        *(
            f"  {'LEAK: ' if probe.promised else ''}{probe.meaning}"
            for probe in probes
            if not probe.blocked
        ),
    ]
    if passed_over:
        lines += ["", "Stronger tiers that are not in use"]
        for letter, reason in passed_over:
            part = ", with a user of its own" if stamp.startswith(f"{letter}:") else ""
            lines.append(f"  {letter}{part}: {reason}")
    lines += ["", "No tier protects against", *(f"  {what}" for what in _NO_TIER_PROTECTS_AGAINST)]
    return lines
