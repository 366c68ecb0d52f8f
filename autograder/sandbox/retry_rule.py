"""Decide which failures another check on the same machine may have caused.

Such a failure is never scored: the check runs once more, alone, and that result counts. A failure
that the student's own code causes occurs again.
"""

from typing import Any

from quantlab.protocol.calls import Failure

# What the kernel refuses or delays when the machine has no more of something.
_KINDS = frozenset({"crash", "grader_fault", "memory", "timeout"})
_EXCEPTIONS = frozenset({"BlockingIOError", "InterruptedError", "OSError", "TimeoutError"})
_PHRASES = ("thread", "temporarily unavailable", "too many open files")


def may_have_caused(outcome: Any) -> bool:
    """Return whether `outcome` is a failure that depends on what else the machine does."""
    if not isinstance(outcome, Failure):
        return False
    text = outcome.message.lower()
    return (
        outcome.kind in _KINDS
        or outcome.exception in _EXCEPTIONS
        or (outcome.kind == "error" and any(phrase in text for phrase in _PHRASES))
    )
