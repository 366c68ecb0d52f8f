"""Open a class again after `batch`: its scores, its reports, and the submissions they are of.

Commands that come after `batch` read the class by the note that it left (`published_class`).
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.course.class_folder import NotAClass
from autograder.course.class_record import ClassRecord
from autograder.course.course_file import Policy
from autograder.course.outputs.class_json import read_class, read_policy, read_scores
from autograder.course.outputs.output_files import OutputFiles
from autograder.course.policy import FinalScore
from autograder.course.publish import PublishOptions
from autograder.course.published_class import (
    NOTE,
    NOTE_VERSION,
    match_entries,
    read_class_text,
    read_noted_paths,
)
from autograder.course.roster import class_members
from autograder.platforms import Export, read_export


@dataclass(frozen=True)
class BatchNote:
    """Holds what the last `batch` of a class read: its export, and what decides the outputs."""

    export: Path
    publish: PublishOptions


@dataclass(frozen=True)
class GradedClass:
    """Holds a class as the last `batch` published it.

    `out` is its folder. Entries of `record` and scores have the columns of the course site.
    `export` is open: `export.submission(entry)` reads a student's files. `note` is what `batch`
    read.
    """

    out: Path
    record: ClassRecord
    scores: tuple[FinalScore, ...]
    policy: Policy
    export: Export
    note: BatchNote


def write_note(out: Path, note: BatchNote) -> None:
    """Write OUT/staff/batch.json. Raise `OSError`."""
    publish = note.publish
    content = {
        "version": NOTE_VERSION,
        "export": str(note.export.resolve()),
        "course": None if publish.course is None else str(publish.course.resolve()),
        "manual": [str(path.resolve()) for path in publish.manual],
        "anonymous": publish.anonymous,
    }
    OutputFiles(out).staff(NOTE, json.dumps(content, indent=1) + "\n")


@contextmanager
def open_graded_class(out: Path, export: Path | None = None) -> Iterator[GradedClass]:
    """Open the class in a folder of `batch --out`.

    Args:
        out: the folder.
        export: the export that was graded; None for the path that `batch` noted.

    Raises:
        NotAClass: the folder contains no published class.
        BadExport: the export can't be read, or is not the one that was graded.
        PolicyError: the course file can't be read any more.
    """
    text = _class_text(out)
    note = _read_note(out, export)
    policy = read_policy(text) if note.publish.course is None else note.publish.policy()
    with read_export(note.export) as opened:
        record = _with_site_columns(read_class(text), opened, note.export)
        members = class_members(record, policy.roster)
        scores = tuple(
            replace(score, lms=members.get(score.member, {})) for score in read_scores(text)
        )
        yield GradedClass(out, record, scores, policy, opened, note)


def _class_text(out: Path) -> str:
    """Return the text of class.json. Raise `NotAClass` if this kit can't read it."""
    text = read_class_text(out).decode("utf-8", "replace")
    try:
        read_scores(text)
    except ValueError as error:
        raise NotAClass(f"{out / 'class.json'}: {error}") from error
    return text


def _read_note(out: Path, export: Path | None) -> BatchNote:
    try:
        note = read_noted_paths(out)
    except NotAClass:
        if export is None:
            raise
        return BatchNote(export, PublishOptions())
    course = None if note.course is None else Path(note.course)
    publish = PublishOptions(course, tuple(map(Path, note.manual)), note.anonymous)
    return BatchNote(export or Path(note.export), publish)


def _with_site_columns(record: ClassRecord, export: Export, path: Path) -> ClassRecord:
    """Return the record with the entries of the export, which must be those that were graded."""
    entries = match_entries((outcome.entry for outcome in record.outcomes), export, path)
    outcomes = tuple(
        replace(outcome, entry=entries[outcome.entry.student]) for outcome in record.outcomes
    )
    return replace(record, outcomes=outcomes, missing=export.missing)
