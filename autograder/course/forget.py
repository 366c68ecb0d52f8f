"""Remove a student from everything that a class has written into its folder.

What is only the student's is deleted. What is about the class is written again without the student,
from class.json and audit.json. Tables that need the columns of a course site are deleted, because
class.json does not contain those columns; the next `batch` writes them again. So are viva sheets.
"""

import csv
import io
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.course.audit.audit_finding import Audit, AuditFinding
from autograder.course.class_folder import DOCUMENT_TEXTS, JOURNAL, refuse_unsafe_id
from autograder.course.class_record import ClassRecord, Outcome
from autograder.course.feedback_files import FEEDBACK
from autograder.course.journal import Journal
from autograder.course.outputs import ANONYMOUS, STAFF, STUDENTS, write_class_pages
from autograder.course.outputs.audit_page import read_audit
from autograder.course.outputs.class_json import read_class, read_policy, read_scores
from autograder.course.outputs.final_csv import final_csv
from autograder.course.outputs.gradebook_database import (
    ANSWERS,
    DATABASE,
    remove_from_gradebook,
)
from autograder.course.outputs.gradebooks import FINAL, IMPORTS, OF_SITES
from autograder.course.outputs.leaderboard_page import LEADERBOARD
from autograder.course.outputs.output_files import OutputFiles
from autograder.course.publish import REPORTS
from autograder.errors import AutograderError
from autograder.grading.results_folder import ResultsFolder
from quantlab.intake.names import student_id

APPEALS = "appeals"
_CLASS, _AUDIT = "class.json", f"{STAFF}/audit.json"
_PSEUDONYMS = f"{STAFF}/pseudonyms.csv"
_VIVA = f"{STAFF}/viva"  # its key and index contain everyone
# The next batch, return or viva writes them again.
_OF_SITES = (*OF_SITES, IMPORTS, FEEDBACK, LEADERBOARD, _VIVA)


class CannotForget(AutograderError):
    """The student can't be removed; the message says why and what to do."""


@dataclass(frozen=True)
class Removal:
    """Hold what the removal of a student deletes and writes again, below `out`.

    `folders` are (folder of a class, id in it): the class itself, and its anonymous copy.
    """

    out: Path
    student: str
    folders: tuple[tuple[Path, str], ...]
    deleted: tuple[Path, ...]
    rewritten: tuple[Path, ...]
    rows: int

    def lines(self) -> Iterator[str]:
        """Yield a sentence for each part of the removal."""
        if self.rows:
            yield f"{self.rows:,} rows of the journal"
        yield from (f"{path.relative_to(self.out)}" for path in self.deleted)
        yield from (
            f"{self.student} in {path.relative_to(self.out)}, which is written again"
            for path in self.rewritten
        )


def plan_removal(out: Path, student: str, journal: Journal) -> Removal:
    """Return what must be removed; nothing is changed.

    Raises:
        CannotForget: the class does not contain the student, or only in a group.
        UnsafeId: it is not an id.
        ValueError: class.json is not of this kit.
    """
    pseudonym = _pseudonym(out, student)
    refuse_unsafe_id(student)
    folders = [(out, student)] + [(out / ANONYMOUS, pseudonym)] * bool(pseudonym)
    rows = journal.count(student)
    deleted = [path for folder, id in folders for path in _own_paths(folder, id) if path.exists()]
    classes = [(folder, id) for folder, id in folders if (folder / _CLASS).exists()]
    known = [(folder, id) for folder, id in classes if _is_in(_record(folder), id)]
    if not (known or deleted or rows or pseudonym):
        raise CannotForget(
            f"{out} contains no student {student}. Give the id as in class.json or final.csv."
        )
    for folder, id in known:
        _refuse_representative(_record(folder), id)
    rewritten = [
        folder / name
        for folder, _ in known
        for name in (_CLASS, "class.html", "junit.xml", _AUDIT, FINAL, DATABASE)
        if (folder / name).exists()
    ]
    if pseudonym:
        rewritten.append(out / _PSEUDONYMS)
    if known or deleted:
        deleted += [out / name for name in _OF_SITES if (out / name).exists()]
    if (texts := out / JOURNAL / DOCUMENT_TEXTS).exists():  # by content; the desk reads them again
        deleted.append(texts)
    return Removal(out, student, tuple(known), tuple(deleted), tuple(rewritten), rows)


def remove(removal: Removal, journal: Journal) -> None:
    """Remove the student. The same call again completes one that was interrupted.

    Raises:
        OSError, JournalError: a file can't be written.
        UnreadableGradebook: gradebook.db is not one.
    """
    for path in removal.deleted:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    for folder, id in removal.folders:
        remove_from_gradebook(folder, id)
        _rewrite_class(folder, id)
    if removal.out / _PSEUDONYMS in removal.rewritten:
        _rewrite_pseudonyms(removal.out, removal.student)
    if (removal.out / REPORTS).is_dir():
        ResultsFolder(removal.out / REPORTS).write_summary()
    journal.forget(removal.student)


def mentions(out: Path, student: str) -> list[Path]:
    """Return the records below `out` that still contain the id, such as another student's flag."""
    word = re.compile(rf"(?<![\w.-]){re.escape(student)}(?![\w-])")
    return [
        path
        for path in sorted(out.rglob("*.json"))
        if word.search(path.read_text(encoding="utf-8", errors="replace"))
    ]


def _own_paths(folder: Path, id: str) -> Iterator[Path]:
    name = student_id(id).value
    for place in (Path(STUDENTS), REPORTS, Path(APPEALS)):
        yield folder / place / name
    for answers in ANSWERS:
        yield folder / answers / name


def _record(folder: Path) -> ClassRecord:
    return read_class((folder / _CLASS).read_text(encoding="utf-8"))


def _is_in(record: ClassRecord, id: str) -> bool:
    return id in record.missing or any(
        id in (o.entry.student, *o.entry.members) for o in record.outcomes
    )


def _refuse_representative(record: ClassRecord, id: str) -> None:
    """Raise `CannotForget` if the work of others is graded under this id."""
    for outcome in record.outcomes:
        others = [member for member in outcome.entry.members if member != id]
        if outcome.entry.student == id and others:
            raise CannotForget(
                f"The submission of {id} is also that of {', '.join(others)}. Remove them first, "
                "or separate the group in the export and run batch again."
            )


def _without(record: ClassRecord, id: str) -> ClassRecord:
    """Return the record without the student; a group keeps its other members."""
    outcomes = tuple(
        _without_member(outcome, id)
        for outcome in record.outcomes
        if outcome.entry.student != id and outcome.entry.members != (id,)
    )
    missing = {member: columns for member, columns in record.missing.items() if member != id}
    return replace(record, outcomes=outcomes, missing=missing)


def _without_member(outcome: Outcome, id: str) -> Outcome:
    members = tuple(member for member in outcome.entry.members if member != id)
    return replace(outcome, entry=replace(outcome.entry, members=members))


def _rewrite_class(folder: Path, id: str) -> None:
    text = (folder / _CLASS).read_text(encoding="utf-8")
    record = _without(read_class(text), id)
    scores = tuple(score for score in read_scores(text) if score.member != id)
    files = OutputFiles(folder)
    anonymous = folder.name == ANONYMOUS
    write_class_pages(files, record, scores, read_policy(text), _audit(folder, id), anonymous)
    if (folder / FINAL).exists():
        files.write(FINAL, final_csv(scores))


def _audit(folder: Path, id: str) -> Audit:
    path = folder / _AUDIT
    if not path.exists():
        return Audit(())
    audit = read_audit(path.read_text(encoding="utf-8"))
    return replace(audit, findings=tuple(f for f in audit.findings if not _names(f, id)))


def _names(finding: AuditFinding, id: str) -> bool:
    word = re.compile(rf"(?<![\w-]){re.escape(id)}(?![\w-])")
    return id in finding.who or any(map(word.search, (finding.what, *finding.details)))


def _pseudonym(out: Path, student: str) -> str:
    return {id: pseudonym for pseudonym, id in _pseudonym_rows(out)}.get(student, "")


def _pseudonym_rows(out: Path) -> list[list[str]]:
    path = out / _PSEUDONYMS
    if not path.exists():
        return []
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))


def _rewrite_pseudonyms(out: Path, student: str) -> None:
    stream = io.StringIO()
    rows = [row for row in _pseudonym_rows(out) if row[1] != student]
    csv.writer(stream, lineterminator="\n").writerows(rows)
    OutputFiles(out).staff(_PSEUDONYMS, stream.getvalue())
