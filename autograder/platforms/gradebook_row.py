"""One student's row of a gradebook, as a course site needs it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

EXCUSED = "EX"  # in place of points, as Canvas writes it


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


def scale_rows(rows: Sequence[GradebookRow], maximum: float | None) -> list[GradebookRow]:
    """Return the rows with points out of `maximum`; unchanged if it is None."""
    possible = highest_maximum(rows)
    if maximum is None or not possible:
        return list(rows)
    return [
        replace(
            row,
            points=None if row.points is None else round(row.points * maximum / possible, 4),
            maximum=maximum,
        )
        for row in rows
    ]


def cap_rows(rows: Sequence[GradebookRow]) -> list[GradebookRow]:
    """Return the rows with no points above what the assignment is worth."""
    highest = highest_maximum(rows)
    return [
        row if row.points is None else replace(row, points=min(row.points, highest)) for row in rows
    ]
