"""The findings of the audit of a class."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What was observed."""

    EVERYBODY = "everybody passes"
    NEVER_PASSED = "never passed"
    FLIPS = "changed between two runs"
    SAME_WRONG = "the same wrong answers"
    PAST = "similar to a past solution"
    SOLUTION = "similar solution.py"
    MODEL = "similar saved models"


@dataclass(frozen=True)
class AuditFinding:
    """Holds `what` was observed, `why` it matters, with an honest explanation; `who` by submission.

    `measure` is a similarity from 0 to 1, if one was measured. `details` are lines of plain text.
    `past` are the names of past solutions. The fields are those of audit.json.
    """

    kind: Kind
    what: str
    why: str
    who: tuple[str, ...] = ()
    measure: float | None = None
    details: tuple[str, ...] = ()
    past: tuple[str, ...] = ()


@dataclass(frozen=True)
class Audit:
    """Holds the findings; `notes` are sentences on what was left out and why."""

    findings: tuple[AuditFinding, ...]
    notes: tuple[str, ...] = ()
