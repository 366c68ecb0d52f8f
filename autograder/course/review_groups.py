"""Group the students who need review by their reason, so that one look decides many.

Reasons that differ only in numbers, in quoted text or in names of files and checks are one group.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from autograder.course.policy import FinalScore, Status

_VARYING = re.compile(
    r"`[^`]*`|'[^']*'|\"[^\"]*\""  # quoted
    r"|[\w./-]+\.(?:py|ipynb|json|pt|pth|zip|packed|pdf|md|txt|docx|rar|7z|tar|gz)\b"
    r"|\b[1-3][a-d]?\.[\w.]+"  # ids of checks
    r"|\d+(?:[.,]\d+)*"
)


@dataclass(frozen=True)
class ReviewGroup:
    """Hold the scores that need review for one reason; `reason` is that of the first of them."""

    reason: str
    scores: tuple[FinalScore, ...]


def group_reviews(scores: Sequence[FinalScore]) -> tuple[ReviewGroup, ...]:
    """Return the groups of those who need review, the largest first."""
    groups: dict[str, list[FinalScore]] = {}
    for score in scores:
        if score.status is Status.NEEDS_REVIEW:
            groups.setdefault(reason_pattern(score.reason), []).append(score)
    ordered = sorted(groups.values(), key=lambda group: (-len(group), group[0].reason))
    return tuple(ReviewGroup(group[0].reason, tuple(group)) for group in ordered)


def reason_pattern(reason: str) -> str:
    """Return a reason with "…" for everything that varies between students.

    Examples:
        >>> reason_pattern("ResNet20_W4A4.pt could not be read: 3 codes. 5 points are at stake.")
        '… could not be read: … codes. … points are at stake.'
    """
    return _VARYING.sub("…", reason)
