"""One student's row of a gradebook, as a course site needs it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class GradebookRow:
    """Holds what a gradebook table says about one student.

    `points` is None if no score may be published yet; `maximum` is what the assignment is worth.
    `columns` are the site's own columns from its export or the roster. `comment` is plain text.
    """

    student: str
    points: float | None
    excused: bool = False
    maximum: float = 0.0
    columns: Mapping[str, str] = field(default_factory=dict)
    comment: str = ""


def highest_maximum(rows: Sequence[GradebookRow]) -> float:
    """Return what the assignment is worth; students without a submission have no maximum."""
    return max((row.maximum for row in rows), default=0.0)
