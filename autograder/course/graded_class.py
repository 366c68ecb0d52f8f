"""Open a class again after `batch`: its scores, its reports, and the submissions they are of.

`batch` notes in OUT/staff/batch.json what it read:

    {"version": 1, "export": "/data/submissions.zip", "course": "/data/course.toml" or null,
     "manual": ["/data/manual.csv"], "anonymous": false}

Commands that come after it read the class by that note.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.course.class_folder import NotAClass
from autograder.course.class_record import ClassRecord
from autograder.course.course_file import Policy
from autograder.course.outputs import STAFF
from autograder.course.outputs.class_json import read_class, read_policy, read_scores
from autograder.course.outputs.output_files import OutputFiles
from autograder.course.policy import FinalScore
from autograder.course.publish import PublishOptions
from autograder.course.roster import class_members
from autograder.platforms import BadExport, Export, read_export
from autograder.platforms.export_entry import ExportEntry

NOTE = f"{STAFF}/batch.json"
_VERSION = 1


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
        "version": _VERSION,
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
        NotAClass: there is no published class in the folder.
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
    place = out / "class.json"
    try:
        text = place.read_text(encoding="utf-8")
        read_scores(text)
    except FileNotFoundError as error:
        if (out / "anonymous" / "class.json").exists():
            raise NotAClass(
                f"{out} contains the class only with pseudonyms. Run the same batch command once "
                "without --anonymous."
            ) from error
        raise NotAClass(
            f"{out} contains no published class. Give the folder of batch --out."
        ) from error
    except OSError as error:
        raise NotAClass(f"{place} can't be read: {error.strerror}.") from error
    except ValueError as error:
        raise NotAClass(f"{place}: {error}") from error
    return text


def _read_note(out: Path, export: Path | None) -> BatchNote:
    place = out / NOTE
    try:
        note = json.loads(place.read_text(encoding="utf-8"))
        if note["version"] != _VERSION:
            raise ValueError(f"version {note['version']}")
        course = None if note["course"] is None else Path(note["course"])
        manual = tuple(Path(name) for name in note["manual"])
        publish = PublishOptions(course, manual, note["anonymous"])
        return BatchNote(export or Path(note["export"]), publish)
    except (OSError, ValueError, KeyError, TypeError) as error:
        if export is not None:
            return BatchNote(export, PublishOptions())
        raise NotAClass(
            f"{place}, where batch notes the path of the export, can't be read. Give the export "
            "with --export."
        ) from error


def _with_site_columns(record: ClassRecord, export: Export, path: Path) -> ClassRecord:
    """Return the record with the entries of the export, which must be those that were graded."""
    entries = {entry.student: entry for entry in export.entries}
    outcomes = []
    for outcome in record.outcomes:
        entry = entries.get(outcome.entry.student)
        if entry is None or _submission(entry) != _submission(outcome.entry):
            lost = "does not contain" if entry is None else "has another submission of"
            raise BadExport(
                f"{path} {lost} {outcome.entry.student}. Give the graded export with --export, or "
                "run batch again."
            )
        outcomes.append(replace(outcome, entry=entry))
    return replace(record, outcomes=tuple(outcomes), missing=export.missing)


def _submission(entry: ExportEntry) -> tuple[str, int, tuple[str, ...]]:
    return entry.submitted, entry.attempt, entry.members
