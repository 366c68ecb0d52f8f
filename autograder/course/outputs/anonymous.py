"""A class without names: every id replaced by a pseudonym that only the key table undoes.

A pseudonym is the HMAC of the id under the course secret: the same in every run of a course, and
not to be found by trying ids. What students wrote themselves may hold names anywhere, so that what
their code printed is dropped, and from every other text of a report all words go that are an id, an
e-mail address, or part of a name that the learning management system knows. Paths and moments of
hand-ins, which tell who somebody is as well, go too.

Pure functions that cannot fail. Names that nobody told the kit can't be found by it.
"""

import base64
import csv
import hashlib
import hmac
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograder.course.audit.audit_finding import Audit, Look
from autograder.course.class_record import ClassRecord, Outcome
from autograder.course.policy import FinalMark
from autograder.engine.record import CheckResult, Report
from autograder.platforms.export_entry import ExportEntry
from autograder.report.cells import cell

LENGTH = 10  # characters of base 32: two of a million people share one in 2000 classes
REMOVED = "…"
_SHORTEST_NAME = 3  # letters; shorter words are in every text
_SHORTEST_NUMBER = 5  # digits; shorter numbers are in every tensor
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_WORD = re.compile(r"[^\W_]+")
_CHUNK = re.compile(r"[\w.@+-]+")
_DROPPED = ("printed",)


@dataclass(frozen=True)
class Pseudonyms:
    """`of[id]` is the pseudonym; `names` are words, in small letters, that tell who somebody is."""

    of: Mapping[str, str]
    names: frozenset[str]

    def record(self, record: ClassRecord) -> ClassRecord:
        """The record with pseudonyms for ids and nothing of the learning management system."""
        outcomes = tuple(self._outcome(outcome) for outcome in record.outcomes)
        missing: dict[str, Mapping[str, str]] = {self.of[member]: {} for member in record.missing}
        return replace(
            record,
            outcomes=tuple(sorted(outcomes, key=lambda outcome: outcome.handin.student)),
            missing=missing,
        )

    def marks(self, marks: Sequence[FinalMark]) -> tuple[FinalMark, ...]:
        """The same for marks, in the order of the pseudonyms."""
        found = (
            replace(
                mark,
                member=self.of[mark.member],
                handin=self.of[mark.handin] if mark.handin else "",
                reason=self.text(mark.reason),
                manual={
                    check: replace(given, comment=self.text(given.comment), source="")
                    for check, given in mark.manual.items()
                },
                lms={},
            )
            for mark in marks
        )
        return tuple(sorted(found, key=lambda mark: mark.member))

    def audit(self, found: Audit) -> Audit:
        """The same for what staff may look at."""
        return Audit(tuple(self._look(look) for look in found.looks), found.notes)

    def _look(self, look: Look) -> Look:
        def without(text: str) -> str:
            for student in look.who:  # also such as are too short to be found anywhere
                text = re.sub(rf"(?<![\w-]){re.escape(student)}(?![\w-])", self.of[student], text)
            return self.text(text)

        return replace(
            look,
            what=without(look.what),
            who=tuple(self.of[student] for student in look.who),
            details=tuple(without(detail) for detail in look.details),
        )

    def text(self, text: str) -> str:
        """`text` with pseudonyms for ids and without addresses and names."""
        return _CHUNK.sub(self._chunk, _ADDRESS.sub(REMOVED, text))

    def _chunk(self, found: re.Match[str]) -> str:
        chunk = found[0]
        core = chunk.strip(".+-")
        if core in self.of and _is_telling(core):
            return chunk.replace(core, self.of[core])
        if core.lower() in self.names:
            return chunk.replace(core, REMOVED)
        for whole in self._ids_inside(core):
            chunk = chunk.replace(whole, self.of[whole])
        return _WORD.sub(lambda w: REMOVED if w[0].lower() in self.names else w[0], chunk)

    def _ids_inside(self, chunk: str) -> Iterable[str]:
        """Ids between other marks, such as in "ada_solution.py" or "cs-ada-2"."""
        words = list(_WORD.finditer(chunk))
        for first in range(len(words)):
            for last in range(len(words) - 1, first - 1, -1):
                piece = chunk[words[first].start() : words[last].end()]
                if piece in self.of and _is_telling(piece):
                    yield piece

    def _outcome(self, outcome: Outcome) -> Outcome:
        handin = outcome.handin
        return replace(
            outcome,
            handin=ExportEntry(
                student=self.of[handin.student],
                path="",
                members=tuple(self.of[member] for member in handin.members),
                attempt=handin.attempt,
                late=handin.late,
            ),
            report=self._report(outcome.report) if outcome.report else None,
            problem=self.text(outcome.problem),
        )

    def _report(self, report: Report) -> Report:
        return replace(
            report,
            student=self.of[report.student]
            if report.student in self.of
            else self.text(report.student),
            checks=tuple(self._check(check) for check in report.checks),
            flags=tuple(self.text(flag) for flag in report.flags),
            review=tuple(self.text(sentence) for sentence in report.review),
        )

    def _check(self, check: CheckResult) -> CheckResult:
        evidence = {
            key: self._value(value) for key, value in check.evidence.items() if key not in _DROPPED
        }
        return replace(check, message=self.text(check.message), evidence=evidence)

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self._value(part) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return [self._value(part) for part in value]
        return value


def pseudonyms(record: ClassRecord, marks: Sequence[FinalMark], secret: bytes) -> Pseudonyms:
    """Pseudonyms for everybody and every group of a class."""
    ids = {mark.member for mark in marks} | set(record.missing)
    for outcome in record.outcomes:
        ids |= {outcome.handin.student, *outcome.handin.members}
    known = [mark.lms for mark in marks]
    known += [lms for outcome in record.outcomes for lms in outcome.handin.lms.values()]
    known += list(record.missing.values())
    names = {
        word.lower()
        for columns in known
        for column, value in columns.items()
        if _is_personal(column)
        for word in (*_WORD.findall(value), *_CHUNK.findall(value))
    }
    return Pseudonyms(
        {id: _pseudonym(id, secret) for id in sorted(ids)},
        frozenset(name for name in names if _is_telling(name)),
    )


def key_table(names: Pseudonyms) -> str:
    """The table that leads back, as CSV: for staff alone."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["pseudonym", "id"])
    writer.writerows([pseudonym, cell(id)] for id, pseudonym in sorted(names.of.items()))
    return stream.getvalue()


def _pseudonym(id: str, secret: bytes) -> str:
    digest = hmac.new(secret, f"pseudonym\0{id}".encode("utf-8", "surrogatepass"), hashlib.sha256)
    return "p-" + base64.b32encode(digest.digest()).decode("ascii").lower()[:LENGTH]


def _is_personal(column: str) -> bool:
    """Sections, states and moments of a hand-in are no names, though they stand beside them."""
    words = ("section", "status", "grade", "last modified", "feedback", "attempt", "points")
    return not any(word in column.lower() for word in words)


def _is_telling(word: str) -> bool:
    shortest = _SHORTEST_NUMBER if word.isdigit() else _SHORTEST_NAME
    return len(word) >= shortest or (not word.isascii() and len(word) > 1)
