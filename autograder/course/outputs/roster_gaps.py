"""List who is in the roster and submitted nothing, and who submitted and is not in the roster."""

from collections.abc import Sequence
from dataclasses import dataclass

from autograder.course.policy import FinalScore, Status

_NAMED = 12  # students in one sentence


@dataclass(frozen=True)
class RosterGaps:
    """Hold the ids of both groups, ordered."""

    without_submission: tuple[str, ...]
    not_in_roster: tuple[str, ...]


def roster_gaps(scores: Sequence[FinalScore]) -> RosterGaps:
    """Return the students who are on one side only. Without a roster, all are in it."""
    return RosterGaps(
        tuple(score.member for score in scores if score.status is Status.MISSING),
        tuple(score.member for score in scores if not score.in_roster),
    )


def gap_sentences(gaps: RosterGaps) -> list[str]:
    """Return a sentence for each group that is not empty."""
    return [
        f"{what}: {_students(members)} ({_listed(members)})."
        for members, what in (
            (gaps.without_submission, "Submitted nothing"),
            (gaps.not_in_roster, "In the export, not in the roster"),
        )
        if members
    ]


def _students(members: Sequence[str]) -> str:
    return "1 student" if len(members) == 1 else f"{len(members):,} students"


def _listed(members: Sequence[str]) -> str:
    more = len(members) - _NAMED
    return ", ".join(members[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")
