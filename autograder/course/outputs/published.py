"""Which scores may leave for a course site, and the sentence on those that may not.

A row without a final score is left out of every table that a site imports: Canvas's importer, for
one, takes an empty cell for a score that was erased. Pure functions that cannot fail.
"""

from collections import Counter
from collections.abc import Sequence

from autograder.course.policy import FinalMark, Policy, Status


def published(mark: FinalMark, policy: Policy) -> float | None:
    """Return the points that may leave for a course site; None if there are none yet."""
    finished = mark.status is Status.FINAL
    unfinished = mark.status is Status.AWAITING_MARKING and policy.publish_unfinished
    return mark.total if finished or unfinished else None


def left_out(table: str, marks: Sequence[FinalMark]) -> str:
    """Return how many students a table leaves out, and why; "" for none."""
    if not marks:
        return ""
    counts = Counter(mark.status.value for mark in marks)
    why = ", ".join(f"{status}: {count:,}" for status, count in sorted(counts.items()))
    students = "1 student is" if len(marks) == 1 else f"{len(marks):,} students are"
    return f"{students} not in {table}, without a final score ({why})."
