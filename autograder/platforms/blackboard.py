"""Blackboard Learn: read its "Assignment File Download", one flat zip from the Grade Center.

Each file is called `<assignment>_<username>_attempt_<year-month-day-hour-minute-second>_<file
name>`. Every attempt also has a note, the same name without a file name and with `.txt`. Its first
line is `Name: <full name> (<username>)`. All attempts may be in the download; the latest is graded.

Source: Blackboard's help, "Download assignments", and public readers of such downloads
(kwurst/bb-file-cleanup; nbgrader's example for `FileNameCollectorPlugin`). The names give the
server's local time without a zone: `timezone` of course.toml says which.

The upload of the Grade Center is a CSV file with all cells in quotes:

    "Username","Quantization [Total Pts: 140 Score] |123"
    "ada","118.5"

Blackboard finds a student by the username and a column by the number after the `|` (help,
"Uploading or Downloading Grade Center Items for Working Offline"). It can't excuse students.
"""

import csv
import datetime
import io
import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from autograder.platforms.export_entry import ExportEntry
from autograder.platforms.gradebook_row import GradebookRow
from autograder.platforms.parsing import (
    CourseSite,
    ParsedEntry,
    ParsedExport,
    renamed,
    top_level_files,
    unmatched_entries,
)
from autograder.report.cells import cell
from quantlab.errors import UnreadableFile
from quantlab.intake.contents import Contents, Entry
from quantlab.intake.names import student_id

_WHEN = r"\d{4}(?:-\d{2}){5}"
_NAME = re.compile(
    rf"(?P<before>.+)_attempt_(?P<when>{_WHEN})(?:_(?P<file>.+)|(?P<note>\.txt))", re.DOTALL
)
_WHO = re.compile(r"Name:\s*(?P<name>[^\r\n]*?)\s*\((?P<user>[^()\r\n]+)\)\s*(?:\r?\n|\Z)")
_Key = tuple[str, str]  # the part before "_attempt_", and the time
_LONGEST_NOTE = 2**20  # bytes; it may contain text of the student


@dataclass(frozen=True)
class _Attempt:
    """Holds one attempt of a student; `before` is the assignment and the username."""

    before: str
    when: str
    user: str
    full_name: str
    files: tuple[tuple[str, Entry], ...]


def _recognizes(contents: Contents) -> bool:
    return any(_NAME.fullmatch(entry.name) for entry in top_level_files(contents))


def _read(contents: Contents) -> ParsedExport:
    files: dict[tuple[str, str], list[tuple[str, Entry]]] = {}
    notes: dict[tuple[str, str], Entry] = {}
    unmatched = [entry.path for entry in contents.files if len(entry.parts) > 1]
    for entry in top_level_files(contents):
        match = _NAME.fullmatch(entry.name)
        if match is None:
            unmatched.append(entry.path)
            continue
        attempt = (match["before"], match["when"])
        files.setdefault(attempt, [])
        if match["note"]:
            notes[attempt] = entry
        else:
            files[attempt].append((match["file"], entry))
    unmatched += [refusal.path for refusal in contents.refused]
    attempts: dict[str, list[_Attempt]] = {}
    owners = _owners(files, notes)
    for (before, when), some in sorted(files.items()):
        full_name, user = owners[before]
        attempts.setdefault(user, []).append(_Attempt(before, when, user, full_name, tuple(some)))
    entries = tuple(_parse_entry(user, some) for user, some in sorted(attempts.items()))
    return ParsedExport(entries, problems=unmatched_entries(unmatched))


def _owners(
    attempts: Collection[_Key], notes: Mapping[_Key, Entry]
) -> Mapping[str, tuple[str, str]]:
    """Return {part before "_attempt_": (full name, username)}.

    A note contains both. Without a note, the username is what follows the name of the assignment:
    the one in the notes, else the common prefix of all names.
    """
    befores = {before for before, _ in attempts}
    owners = {}
    for (before, _), note in sorted(notes.items()):  # the later of two notes
        if owner := _noted(before, note):
            owners[before] = owner
    common = os.path.commonprefix(sorted(befores))  # noqa: RUF071 (names, not paths)
    assignments = {before.removesuffix(user) for before, (_, user) in owners.items()}
    assignments = assignments or {common[: common.rfind("_") + 1]}
    for before in befores - owners.keys():
        fitting = [name for name in assignments if before.startswith(name) and before != name]
        longest = max(fitting, key=len, default=before[: before.rfind("_") + 1])
        owners[before] = ("", before.removeprefix(longest))
    return owners


def _noted(before: str, note: Entry) -> tuple[str, str] | None:
    """Return full name and username from a note; None if it does not fit the name of its file."""
    try:
        text = note.read(_LONGEST_NOTE).decode("utf-8", "replace")
    except UnreadableFile:
        return None
    match = _WHO.match(text.lstrip("\ufeff"))
    if match and before.endswith(f"_{match['user']}"):
        return match["name"], match["user"]
    return None


def _parse_entry(user: str, attempts: list[_Attempt]) -> ParsedEntry:
    ordered = sorted(attempts, key=lambda attempt: attempt.when)
    latest = ordered[-1]
    who = student_id(user)
    names = tuple(dict.fromkeys(attempt.full_name for attempt in ordered if attempt.full_name))
    entry = ExportEntry(
        student=who.value,
        path=f"{latest.before}_attempt_{latest.when}",
        members=(who.value,),
        submitted=_moment(latest.when),
        attempt=len(ordered),
        lms={who.value: {"Username": user, **({"Name": names[-1]} if names else {})}},
    )
    files = tuple(renamed(entry, name) for name, entry in sorted(latest.files, key=lambda f: f[0]))
    return ParsedEntry(entry, Contents(files, ()), who, (user,), names)


def _moment(when: str) -> str:
    try:
        return datetime.datetime.strptime(when, "%Y-%m-%d-%H-%M-%S").isoformat()
    except ValueError:
        return ""


BLACKBOARD = CourseSite("blackboard", _recognizes, _read)


def blackboard_csv(rows: Sequence[GradebookRow], column: str) -> str:
    """Return the text of blackboard.csv, to be stored as UTF-8.

    `column` is the heading of the score column, such as "Quantization [Total Pts: 140 Score] |123".
    """
    stream = io.StringIO()
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(["Username", cell(column)])
    for row in rows:
        if in_blackboard_csv(row) and row.points is not None:
            writer.writerow([cell(row.columns["Username"]), cell(row.points)])
    return stream.getvalue()


def in_blackboard_csv(row: GradebookRow) -> bool:
    """Return whether blackboard.csv has a row for a student: a published score and a username."""
    return row.points is not None and bool(row.columns.get("Username"))
