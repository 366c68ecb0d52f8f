"""Read what `batch` left in a folder, without loading the grader: class.json, the note, the export.

`batch` notes in OUT/staff/batch.json what it read:

    {"version": 1, "export": "/data/submissions.zip", "course": "/data/course.toml" or null,
     "manual": ["/data/manual.csv"], "anonymous": false}
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from autograder.course.class_folder import NotAClass
from autograder.course.class_record import CLASS_VERSION
from autograder.platforms import BadExport, Export
from autograder.platforms.export_entry import ExportEntry

NOTE = "staff/batch.json"
NOTE_VERSION = 1


class NotedPaths(msgspec.Struct, frozen=True):
    """Hold the note as it is written: paths of the export, the course file and manual scores."""

    version: int
    export: str
    course: str | None
    manual: tuple[str, ...]
    anonymous: bool


class WrittenCheck(msgspec.Struct, frozen=True):
    """Hold what the desk needs of one check of a report."""

    id: str
    question: str
    title: str
    source: str
    verdict: str


class WrittenReport(msgspec.Struct, frozen=True):
    """Hold the checks of a report."""

    checks: tuple[WrittenCheck, ...]


class PublishedSubmission(msgspec.Struct, frozen=True):
    """Hold one submission of class.json; `report` is None if it could not be graded.

    `documents` is the digest of the documents, "" in a class.json of an earlier version.
    """

    student: str
    members: tuple[str, ...]
    submitted: str
    attempt: int
    report: WrittenReport | None
    documents: str = ""


class PublishedClass(msgspec.Struct, frozen=True):
    """Hold the parts of class.json that the desk needs."""

    version: int
    title: str
    outcomes: tuple[PublishedSubmission, ...]


def read_class_text(out: Path) -> bytes:
    """Return class.json of a folder. Raise `NotAClass` if there is none."""
    place = out / "class.json"
    try:
        return place.read_bytes()
    except FileNotFoundError as error:
        if (out / "anonymous" / "class.json").exists():
            raise NotAClass(
                f"{out} contains the class only with pseudonyms. Run the same batch command once "
                "without --anonymous."
            ) from error
        raise NotAClass(
            f"{out} has no class.json. Give the folder that batch --out wrote, or run batch first."
        ) from error
    except OSError as error:
        raise NotAClass(
            f"{place} can't be read: {error.strerror}. Run batch again to write it."
        ) from error


def read_published_class(out: Path) -> PublishedClass:
    """Return the submissions and checks of a class. Raise `NotAClass`."""
    text = read_class_text(out)
    try:
        published = msgspec.json.decode(text, type=PublishedClass)
    except msgspec.DecodeError as error:
        raise NotAClass(
            f"{out / 'class.json'} can't be read: {error}. Run batch again to write it."
        ) from error
    if published.version != CLASS_VERSION:
        raise NotAClass(
            f"{out / 'class.json'} has version {published.version}; this kit reads version "
            f"{CLASS_VERSION}. Grade the class again."
        )
    return published


def read_noted_paths(out: Path) -> NotedPaths:
    """Return the note of the last `batch`. Raise `NotAClass`."""
    place = out / NOTE
    try:
        note = msgspec.json.decode(place.read_bytes(), type=NotedPaths)
        if note.version != NOTE_VERSION:
            raise msgspec.DecodeError(f"version {note.version}")
        return note
    except (OSError, msgspec.DecodeError) as error:
        raise NotAClass(
            f"{place}, where batch notes the path of the export, can't be read. Give the export "
            "with --export."
        ) from error


def match_entries(
    graded: Iterable[ExportEntry | PublishedSubmission], export: Export, path: Path
) -> Mapping[str, ExportEntry]:
    """Return the entries of the export, by student. They must be those that were graded.

    Raises:
        BadExport: a graded submission is not in the export, or another one is.
    """
    entries = {entry.student: entry for entry in export.entries}
    for submission in graded:
        entry = entries.get(submission.student)
        if entry is None or _identity(entry) != _identity(submission):
            lost = "does not contain" if entry is None else "has another submission of"
            raise BadExport(
                f"{path} {lost} {submission.student}. Give the graded export with --export, or "
                "run batch again."
            )
    return entries


def _identity(entry: ExportEntry | PublishedSubmission) -> tuple[str, int, tuple[str, ...]]:
    return entry.submitted, entry.attempt, entry.members
