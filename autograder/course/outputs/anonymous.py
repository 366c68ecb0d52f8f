"""Replace the ids of a class by pseudonyms, and remove names.

A pseudonym is the HMAC of the id under the course secret. It is the same in every run of a course,
and can't be found by trying ids. What student code printed is dropped, because it may contain
names. In every other text, ids, e-mail addresses and the names that the course site knows are
replaced. Paths and times of submissions are removed, too. Names that are not in the export or the
roster stay.
"""

import base64
import csv
import hashlib
import hmac
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from autograder.course.audit.audit_finding import Audit, AuditFinding
from autograder.course.class_record import ClassRecord, Outcome
from autograder.course.personal_words import is_distinctive, is_personal
from autograder.course.policy import FinalScore
from autograder.engine.record import CheckResult, Report
from autograder.platforms.export_entry import ExportEntry
from autograder.report.cells import cell

LENGTH = 10  # characters of base 32: two of a million people share one in 2000 classes
REMOVED = "…"
# Begins and ends where a word does, so that a search takes linear time in any text.
_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]+(?:@[\w.+-]+)+")
_DOMAIN = re.compile(r"@[\w-]+\.[\w-]")
_WORD = re.compile(r"[^\W_]+")
_CHUNK = re.compile(r"[\w.@+-]+")
_DROPPED = ("printed", "leaderboard")  # a pseudonym of the leaderboard would connect the two


@dataclass(frozen=True)
class Pseudonyms:
    """Holds the pseudonyms `of[id]` and the identifying words `names`, in lower case."""

    of: Mapping[str, str]
    names: frozenset[str]

    def record(self, record: ClassRecord) -> ClassRecord:
        """Return the record with pseudonyms for ids, without columns of the course site."""
        outcomes = tuple(self._outcome(outcome) for outcome in record.outcomes)
        missing: dict[str, Mapping[str, str]] = {self.of[member]: {} for member in record.missing}
        return replace(
            record,
            outcomes=tuple(sorted(outcomes, key=lambda outcome: outcome.entry.student)),
            missing=missing,
        )

    def scores(self, scores: Sequence[FinalScore]) -> tuple[FinalScore, ...]:
        """Return the scores with pseudonyms, ordered by them."""
        hidden = (
            replace(
                score,
                member=self.of[score.member],
                submission=self.of[score.submission] if score.submission else "",
                reason=self.text(score.reason),
                manual={
                    check: replace(manual, comment=self.text(manual.comment), source="")
                    for check, manual in score.manual.items()
                },
                lms={},
            )
            for score in scores
        )
        return tuple(sorted(hidden, key=lambda score: score.member))

    def audit(self, findings: Audit) -> Audit:
        """Return the findings with pseudonyms."""
        return Audit(
            tuple(self._finding(finding) for finding in findings.findings),
            tuple(self._note(note) for note in findings.notes),
        )

    def _note(self, note: str) -> str:
        """Return a note with pseudonyms, also for ids of a list that are too short for `text`."""
        ids = "|".join(re.escape(id) for id in sorted(self.of, key=len, reverse=True))
        listed = re.compile(rf"(?<=[:,] )(?:{ids or '(?!)'})(?=, |\.$)")
        return self.text(listed.sub(lambda id: self.of[id[0]], note))

    def _finding(self, finding: AuditFinding) -> AuditFinding:
        past = tuple(f"past solution {number}" for number in range(1, len(finding.past) + 1))

        def anonymized(text: str) -> str:
            for name, number in sorted(zip(finding.past, past, strict=True), reverse=True):
                text = text.replace(name, number)
            for student in finding.who:  # also ids that are too short for `text`
                text = re.sub(rf"(?<![\w-]){re.escape(student)}(?![\w-])", self.of[student], text)
            return self.text(text)

        return replace(
            finding,
            what=anonymized(finding.what),
            who=tuple(self.of[student] for student in finding.who),
            details=tuple(anonymized(detail) for detail in finding.details),
            past=past,
        )

    def text(self, text: str) -> str:
        """Return a text with pseudonyms for ids, without addresses and names."""
        return _CHUNK.sub(self._chunk, _ADDRESS.sub(_without_address, text))

    def _chunk(self, match: re.Match[str]) -> str:
        chunk = match[0]
        core = chunk.strip(".+-")
        if core in self.of and is_distinctive(core):
            return chunk.replace(core, self.of[core])
        if core.lower() in self.names:
            return chunk.replace(core, REMOVED)
        for whole in dict.fromkeys(self._ids_inside(core)):
            chunk = chunk.replace(whole, self.of[whole])
        return _WORD.sub(lambda w: REMOVED if w[0].lower() in self.names else w[0], chunk)

    def _ids_inside(self, chunk: str) -> Iterable[str]:
        """Yield the ids inside a word, such as "ada_solution.py" or "cs-ada-2"."""
        words = list(_WORD.finditer(chunk))
        for first in range(len(words)):
            for last in range(min(len(words), first + self._most_words) - 1, first - 1, -1):
                piece = chunk[words[first].start() : words[last].end()]
                if piece in self.of and is_distinctive(piece):
                    yield piece

    @cached_property
    def _most_words(self) -> int:
        """Return the number of words of the id that has most."""
        return max((len(_WORD.findall(id)) for id in self.of), default=0)

    def _outcome(self, outcome: Outcome) -> Outcome:
        entry = outcome.entry
        return replace(
            outcome,
            entry=ExportEntry(
                student=self.of[entry.student],
                path="",
                members=tuple(self.of[member] for member in entry.members),
                attempt=entry.attempt,
                late=entry.late,
            ),
            report=self._report(outcome.report) if outcome.report else None,
            problem=self.text(outcome.problem),
            documents="",
        )

    def _report(self, report: Report) -> Report:
        return replace(
            report,
            student=self.of[report.student]
            if report.student in self.of
            else self.text(report.student),
            checks=tuple(self._check(check) for check in report.checks),
            flags=tuple(self.text(flag) for flag in report.flags),
            notes=tuple(self.text(note) for note in report.notes),
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


def pseudonyms(record: ClassRecord, scores: Sequence[FinalScore], secret: bytes) -> Pseudonyms:
    """Return the pseudonyms of all students and groups of a class."""
    ids = {score.member for score in scores} | set(record.missing)
    for outcome in record.outcomes:
        ids |= {outcome.entry.student, *outcome.entry.members}
    columns_of = [score.lms for score in scores]
    columns_of += [lms for outcome in record.outcomes for lms in outcome.entry.lms.values()]
    columns_of += list(record.missing.values())
    names = {
        word.lower()
        for columns in columns_of
        for column, value in columns.items()
        if is_personal(column)
        for word in (*_WORD.findall(value), *_CHUNK.findall(value))
    }
    return Pseudonyms(
        {id: _pseudonym(id, secret) for id in sorted(ids)},
        frozenset(name for name in names if is_distinctive(name)),
    )


def key_table(names: Pseudonyms) -> str:
    """Return the key of the pseudonyms as CSV, for staff only."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["pseudonym", "id"])
    writer.writerows([pseudonym, cell(id)] for id, pseudonym in sorted(names.of.items()))
    return stream.getvalue()


def _pseudonym(id: str, secret: bytes) -> str:
    digest = hmac.new(secret, f"pseudonym\0{id}".encode("utf-8", "surrogatepass"), hashlib.sha256)
    return "p-" + base64.b32encode(digest.digest()).decode("ascii").lower()[:LENGTH]


def _without_address(match: re.Match[str]) -> str:
    if not _DOMAIN.search(match[0]):
        return match[0]
    return REMOVED + match[0][len(match[0].rstrip(".+-")) :]
