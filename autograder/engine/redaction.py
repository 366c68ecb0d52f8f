"""Decide what students may read about a hidden check.

A hidden check's inputs must not reach the student, but the student's code has seen them. So nothing
that the code returned is shown: no text, name, line, shape, dtype or number. What remains is a
choice among fixed values, a few bits per check: the verdict, an exception of `EXCEPTIONS`, a known
mistake by its name, for wrong numbers without a name one of `NEAR`, `OFF` and `FAR`
(`autograder.checks.distance`), and for question 3 one of `ABOVE_OPTIMUM`.
"""

from collections.abc import Mapping
from typing import Any

from autograder.engine.record import Verdict
from quantlab.protocol.failure_reasons import REFUSALS

# The classes that honest mistakes raise; any other is not named.
EXCEPTIONS = frozenset(
    {
        *("AttributeError", "IndexError", "KeyError", "NameError", "OSError"),
        *("RuntimeError", "TypeError", "ValueError"),
    }
)
ABOVE_OPTIMUM = (0, 5, 10, 20, 50, 100)  # percent, rounded up to one of these
NEAR, OFF, FAR = "near", "off", "far"  # how far wrong numbers are from the expected ones
KEYS = frozenset({"depends_on", "exception", "above_optimum"})

_SENTENCES = {
    Verdict.WRONG: "{subject} does not return the right values.",
    Verdict.BAD_SHAPE: "{subject} returns a result of the wrong shape.",
    Verdict.BAD_DTYPE: "{subject} returns a result of the wrong dtype.",
    Verdict.ERROR: "{subject} raises an exception.",
    Verdict.TIMEOUT: "{subject} takes too long.",
    Verdict.MEMORY: "{subject} needs too much memory.",
    Verdict.CRASH: "The process ends before {subject} returns.",
    Verdict.BAD_REPLY: "The process that runs {subject} sends no valid answer.",
    Verdict.MISSING: "solution.py has no {subject}, or it still raises NotImplementedError.",
    Verdict.GRADER_FAULT: "The grader failed here; staff will look.",
}
_DISTANCES = {
    NEAR: "{subject} does not return the right values: they are near.",
    OFF: "{subject} does not return the right values: they are off.",
    FAR: "{subject} does not return the right values: they are far off.",
}
_OTHER_SENTENCES = {
    Verdict.PARTIAL: "Some of this is not right.",
    Verdict.WRONG: "This is not right.",
    Verdict.ERROR: "This could not be read.",
    Verdict.MISSING: "This is missing.",
    Verdict.BLOCKED: "This was not reached.",
}


def hidden_sentence(verdict: Verdict, target: str = "") -> str:
    """Return the message of a hidden check: about a call of `target`, or without a call."""
    sentences = _SENTENCES if target else {**_SENTENCES, **_OTHER_SENTENCES}
    return sentences.get(verdict, "").format(subject=target or "the code")


def distance_sentence(word: str, target: str) -> str:
    """Return the message of a hidden check whose numbers are wrong: near, off or far."""
    return _DISTANCES[word].format(subject=target)


def shown_evidence(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a hidden check's evidence that may be shown."""
    shown = {key: value for key, value in values.items() if key in KEYS}
    if shown.get("exception") in REFUSALS:
        shown["exception"] = OSError.__name__
    if shown.get("exception") not in EXCEPTIONS:
        shown.pop("exception", None)
    above = shown.pop("above_optimum", None)
    steps = [step for step in ABOVE_OPTIMUM if isinstance(above, int | float) and above <= step]
    return {**shown, "above_optimum": steps[0]} if steps else shown
