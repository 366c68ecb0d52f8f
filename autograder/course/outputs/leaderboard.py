"""Decide who is on the leaderboard of question 3: packed models whose students opted in.

A student opts in by a pseudonym in answers.json. Size and accuracy are those that the grader
measured on the codes. A pseudonym that contains an id or a name of the class is not shown.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograder.course.class_record import ClassRecord
from autograder.course.outputs.anonymous import pseudonyms
from autograder.course.policy import FinalScore
from autograder.course.statistics import VARIABLE
from quantlab.formats.answers import LONGEST_PSEUDONYM

CHECK = "3.bit_widths.accuracy"
_ANYWHERE = 5  # letters from which an id or a name is also found inside a word
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class LeaderboardEntry:
    """Hold one model: its pseudonym, size in KiB and accuracy in percent."""

    pseudonym: str
    kibibytes: float
    accuracy: float


@dataclass(frozen=True)
class Leaderboard:
    """Hold the models above the floor, the smallest first.

    `refused` are the ids of the submissions whose pseudonym is not shown, for staff only.
    """

    entries: tuple[LeaderboardEntry, ...]
    refused: tuple[str, ...] = ()


def build_leaderboard(
    record: ClassRecord, scores: Sequence[FinalScore], floor: float
) -> Leaderboard:
    """Return the leaderboard. Models at or below `floor` percent are left out.

    Of models of one size the more accurate one comes first. A pseudonym that is there already gets
    a number.
    """
    known = pseudonyms(record, scores, b"")
    identifying = frozenset(map(_folded, (*known.of, *known.names)))
    entries, refused = [], []
    for student, entry in _opted_in(record):
        if _identifies(entry.pseudonym, identifying):
            refused.append(student)
        elif entry.accuracy > floor:
            entries.append(entry)
    entries.sort(key=lambda e: (e.kibibytes, -e.accuracy, e.pseudonym))
    return Leaderboard(tuple(_numbered(entries)), tuple(sorted(refused)))


def _opted_in(record: ClassRecord) -> Iterator[tuple[str, LeaderboardEntry]]:
    """Yield the students with a pseudonym and a measured packed model."""
    for outcome in record.outcomes:
        if outcome.report is None:
            continue
        evidence: Mapping[str, Any] = next(
            (check.evidence for check in outcome.report.checks if check.id == CHECK), {}
        )
        accuracy = next((m.accuracy for m in outcome.report.models if m.name == VARIABLE), None)
        pseudonym, size = evidence.get("leaderboard"), evidence.get("kibibytes")
        if not isinstance(pseudonym, str) or not pseudonym or not isinstance(size, int | float):
            continue
        if evidence.get("packed") is True and accuracy is not None:
            shown = pseudonym[:LONGEST_PSEUDONYM]
            yield outcome.entry.student, LeaderboardEntry(shown, float(size), accuracy)


def _identifies(pseudonym: str, identifying: frozenset[str]) -> bool:
    """Return whether a pseudonym contains an id or a name: a long one anywhere, a short word."""
    folded = _folded(pseudonym)
    words = {folded, *_WORD.findall(folded), "".join(_WORD.findall(folded))}
    if words & identifying:
        return True
    joined = "".join(_WORD.findall(folded))
    return any(
        name in folded or "".join(_WORD.findall(name)) in joined
        for name in identifying
        if len("".join(_WORD.findall(name))) >= _ANYWHERE
    )


def _folded(text: str) -> str:
    """Return a text without accents, in lower case."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold()


def _numbered(entries: Sequence[LeaderboardEntry]) -> Iterator[LeaderboardEntry]:
    """Yield the entries with numbers behind pseudonyms that are there already."""
    used = {_folded(entry.pseudonym) for entry in entries}
    taken: set[str] = set()
    for entry in entries:
        name, number = entry.pseudonym, 1
        while _folded(name) in taken or (number > 1 and _folded(name) in used):
            number += 1
            name = f"{entry.pseudonym} ({number})"
        taken.add(_folded(name))
        yield replace(entry, pseudonym=name)
