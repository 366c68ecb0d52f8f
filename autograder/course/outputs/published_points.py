"""Decide which scores a gradebook may contain.

Students without a final score have no row: Canvas's importer, for example, reads an empty cell as a
deleted score.
"""

from collections import Counter
from collections.abc import Sequence

from autograder.course.policy import FinalScore, Policy, Status

_WORDS = {Status.AWAITING_MARKING: "not graded yet"}  # others are shown as they are


def published_points(score: FinalScore, policy: Policy) -> float | None:
    """Return the points that may leave for a course site; None if there are none yet."""
    finished = score.status is Status.FINAL
    unfinished = score.status is Status.AWAITING_MARKING and policy.publish_unfinished
    return score.total if finished or unfinished else None


def left_out(table: str, scores: Sequence[FinalScore]) -> str:
    """Return how many students a table leaves out, and why; "" for none."""
    if not scores:
        return ""
    counts = Counter(_WORDS.get(score.status, score.status.value) for score in scores)
    why = ", ".join(f"{status}: {count:,}" for status, count in sorted(counts.items()))
    students = "1 student is" if len(scores) == 1 else f"{len(scores):,} students are"
    return f"{students} not in {table}, without a final score ({why})."
