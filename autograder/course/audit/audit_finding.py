"""The findings of the audit of a class."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What was observed."""

    EVERYBODY = "everybody passes"
    NEVER_PASSED = "never passed"
    FLIPS = "changed between two runs"
    SAME_WRONG = "the same wrong answers"
    SOLUTION = "similar solution.py"
    MODEL = "similar saved models"


@dataclass(frozen=True)
class AuditFinding:
    """Holds `what` was observed, `why` it matters and how it can be honest; `who` by submission.

    `measure` is a similarity from 0 to 1, if one was measured. `details` are lines of plain text.
    The fields are those of audit.json.
    """

    kind: Kind
    what: str
    why: str
    who: tuple[str, ...] = ()
    measure: float | None = None
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Audit:
    """Holds the findings; `notes` are sentences on what was left out and why."""

    findings: tuple[AuditFinding, ...]
    notes: tuple[str, ...] = ()
