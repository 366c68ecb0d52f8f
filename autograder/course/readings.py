"""Readings of written answers at the grading desk, and the score that they decide.

A reading is one click of a grader: which criteria an answer fulfills, its points, a comment. Clicks
before the grader saves are drafts; of each grader the last saved reading of a check counts.

An answer has a first reading. Some have a second one by another grader, which measures agreement
and decides nothing. Where the two differ, graders may agree on points; these override both.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Name what a reading is for."""

    FIRST = "first"
    SECOND = "second"
    AGREED = "agreed"


@dataclass(frozen=True)
class Reading:
    """Hold one click at the desk.

    Attributes:
        student: the id that the submission is graded under.
        check: the written check, such as "1b.explanation".
        kind: which reading it belongs to.
        saved: whether the grader saved it; a draft decides nothing.
        criteria: the numbers of the criteria that the answer fulfills, from 0.
        points: the points; None only in a draft.
        comment: for the student.
        grader: the name of the grader.
        at: the time, ISO 8601 in UTC.
        answer: the digest of the text that was read.
        submission: the digest of the documents of the submission, "" if unknown.
    """

    student: str
    check: str
    kind: Kind
    saved: bool
    criteria: tuple[int, ...]
    points: float | None
    comment: str
    grader: str
    at: str
    answer: str = ""
    submission: str = ""

    @property
    def source(self) -> str:
        """Return the place of the score, as messages about manual scores name it."""
        return f"desk, {self.grader}, {self.at}"

    def is_of(self, documents: str) -> bool:
        """Return whether it may be of a submission with these documents."""
        return self.submission in ("", documents)


@dataclass(frozen=True)
class AnswerReadings:
    """Hold the readings of one answer that count: of each kind, the last saved of each grader."""

    first: tuple[Reading, ...] = ()
    second: tuple[Reading, ...] = ()
    agreed: tuple[Reading, ...] = ()

    @property
    def deciding(self) -> Reading | None:
        """Return the reading that decides the points; None if there is none, or two differ."""
        if self.agreed:
            return self.agreed[-1]
        points = {reading.points for reading in self.first}
        return self.first[-1] if len(points) == 1 else None

    @property
    def differing(self) -> tuple[Reading, ...]:
        """Return the readings of an answer whose points differ, without agreed points."""
        both = (*self.first, *self.second)
        return () if self.agreed or len({reading.points for reading in both}) < 2 else both


ReadingsByAnswer = Mapping[tuple[str, str], AnswerReadings]  # [student, check]


def current_readings(
    readings: Iterable[Reading], documents: Mapping[str, str]
) -> tuple[Reading, ...]:
    """Return the readings of current submissions; `documents` are their digests, by student."""
    return tuple(r for r in readings if r.is_of(documents.get(r.student, r.submission)))


def counting_readings(readings: Iterable[Reading]) -> ReadingsByAnswer:
    """Return the readings that count, by (student, check). `readings` are in order of time."""
    last: dict[tuple[str, str, Kind, str], Reading] = {}
    for reading in readings:
        if reading.saved:
            place = (reading.student, reading.check, reading.kind, reading.grader)
            last.pop(place, None)  # the order is that of the last readings
            last[place] = reading
    answers: dict[tuple[str, str], dict[Kind, list[Reading]]] = {}
    for reading in last.values():
        kinds = answers.setdefault((reading.student, reading.check), {})
        kinds.setdefault(reading.kind, []).append(reading)
    return {
        key: AnswerReadings(*(tuple(kinds.get(kind, ())) for kind in Kind))
        for key, kinds in answers.items()
    }
