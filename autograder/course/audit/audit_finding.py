"""One thing that staff may want to look at, and all of them together."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What was seen."""

    EVERYBODY = "everybody passes"
    NOBODY = "nobody passes"
    FLIPS = "changed between two runs"
    SAME_WRONG = "the same wrong answers"
    SOLUTION = "similar solution.py"
    MODEL = "similar saved models"


@dataclass(frozen=True)
class Look:
    """`what` was seen, `why` it is worth a look and how it can be honest; `who` by hand-in.

    `measure` is the similarity, 0 to 1, where one was measured. `details` are lines of plain text.
    """

    kind: Kind
    what: str
    why: str
    who: tuple[str, ...] = ()
    measure: float | None = None
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Audit:
    """What is worth a look; `notes` are sentences on what was left out and why."""

    looks: tuple[Look, ...]
    notes: tuple[str, ...] = ()
