"""The folder that `pull` writes and `batch` reads: submissions.json and the files that it lists.

    submissions.json            the fields of `Pulled`
    files/801_solution.py       a file: its number in Canvas, and its name in plain characters

submissions.json contains times in UTC as Canvas writes them, attempts, groups, late flags and the
names that students chose. It says whether all files were fetched; a part is not graded. A student
has the same id as in Canvas's own download, such as lovelaceada_17. The members of a group are
known, with an id each.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import msgspec

from autograder.platforms.export_entry import ExportEntry, SiteFile
from autograder.platforms.parsing import (
    CourseSite,
    ParsedEntry,
    ParsedExport,
    readable_id,
    refused_top_level,
    renamed,
    unmatched_entries,
)
from quantlab.errors import UnreadableFile
from quantlab.intake.contents import LIMITS, Contents, Entry, RefusedEntry, split_member
from quantlab.intake.names import StudentId

INDEX, FILES = "submissions.json", "files"
VERSION = 1
_LARGEST_INDEX = 64 * 2**20  # bytes; a class of a thousand has one
_LONGEST_NAME = 80  # characters, on disk


@dataclass(frozen=True)
class PulledStudent:
    """Holds a student as Canvas knows them; what the token may not see is ""."""

    id: int
    name: str
    sortable_name: str
    login: str = ""
    sis_id: str = ""

    @property
    def columns(self) -> Mapping[str, str]:
        """Return the columns of Canvas's gradebook."""
        columns = {
            "Student": self.sortable_name,
            "ID": str(self.id),
            "SIS User ID": self.sis_id,
            "SIS Login ID": self.login,
        }
        return {name: value for name, value in columns.items() if value}

    @property
    def student(self) -> StudentId:
        """Return the id as in Canvas's download: the sortable name in lower case, the number."""
        return _site_id(self.sortable_name, str(self.id))


@dataclass(frozen=True)
class PulledFile:
    """Holds a file; `name` is the student's, `problem` says why it was not fetched.

    `id` is 0 for typed text and for an address, which Canvas stores without a file. `path` is in
    the folder.
    """

    id: int
    name: str
    size: int
    path: str
    problem: str = ""


@dataclass(frozen=True)
class PulledAttempt:
    """Holds an attempt; `submitted_at` is in ISO 8601."""

    attempt: int
    submitted_at: str
    late: bool


@dataclass(frozen=True)
class PulledGroup:
    """Holds a group of the assignment."""

    id: int
    name: str


@dataclass(frozen=True)
class PulledSubmission:
    """Holds the latest attempt of a student or a group, and all attempts as numbers and times.

    `is_apart` says that most of the group submitted other files: the member is graded alone.
    """

    members: tuple[PulledStudent, ...]
    latest: PulledAttempt
    files: tuple[PulledFile, ...]
    attempts: tuple[PulledAttempt, ...] = ()
    group: PulledGroup | None = None
    is_apart: bool = False


@dataclass(frozen=True)
class Pulled:
    """Holds an assignment of Canvas. `missing` are students without a submission.

    `complete` is false until every file was fetched or refused. `graded_individually` says that
    comments of staff reach one member of a group alone.
    """

    course: int
    assignment: int
    title: str
    submissions: tuple[PulledSubmission, ...]
    missing: tuple[PulledStudent, ...]
    graded_individually: bool = False
    complete: bool = False
    version: int = VERSION


def index_text(pulled: Pulled) -> bytes:
    """Return the content of submissions.json."""
    return msgspec.json.format(msgspec.json.encode(pulled), indent=1) + b"\n"


def read_index(content: bytes) -> Pulled:
    """Return the assignment of a submissions.json. Raise `ValueError` with a sentence."""
    try:
        pulled = msgspec.json.decode(content, type=Pulled)
    except msgspec.MsgspecError as error:
        raise ValueError(f"{INDEX} is not one that pull wrote: {error}.") from error
    if pulled.version != VERSION:
        raise ValueError(
            f"{INDEX} has version {pulled.version}, and this kit reads {VERSION}. Pull again."
        )
    return pulled


def place_of(id: int, name: str) -> str:
    """Return where a file is in the folder. The student's name for it decides nothing."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)[-_LONGEST_NAME:]
    return f"{FILES}/{id}_{plain}"


def _recognizes(contents: Contents) -> bool:
    return any(entry.path == INDEX for entry in contents.files)


def _read(contents: Contents) -> ParsedExport:
    index = next(entry for entry in contents.files if entry.path == INDEX)
    try:
        pulled = read_index(index.read(_LARGEST_INDEX))
    except UnreadableFile as error:
        return ParsedExport((), problems=(f"{INDEX} {error}.",))
    except ValueError as error:
        return ParsedExport((), problems=(str(error),))
    if not pulled.complete:
        sentence = f"{INDEX} says that files are still missing: run the same pull command again."
        return ParsedExport((), problems=(sentence,))
    entries = {entry.path: entry for entry in contents.files}
    parsed = tuple(_parse_entry(item, pulled, entries) for item in pulled.submissions)
    listed = {file.path for item in pulled.submissions for file in item.files} | {INDEX}
    unmatched = [path for path in entries if path not in listed]
    return ParsedExport(
        parsed,
        {member.student.value: member.columns for member in pulled.missing},
        unmatched_entries([*unmatched, *refused_top_level(contents)]),
    )


def _parse_entry(
    item: PulledSubmission, pulled: Pulled, entries: Mapping[str, Entry]
) -> ParsedEntry:
    members = sorted(item.members, key=lambda member: member.student.value)
    who = members[0].student
    if item.group is not None and not item.is_apart:
        who = _site_id(item.group.name, f"group{item.group.id}")
    entry = ExportEntry(
        student=who.value,
        path=item.files[0].path if item.files else INDEX,
        members=tuple(member.student.value for member in members),
        submitted=item.latest.submitted_at,
        attempt=max(item.latest.attempt, 1),
        late=item.latest.late,
        lms={member.student.value: member.columns for member in members},
        site_files=tuple(SiteFile(file.id, file.name) for file in item.files if file.id),
        shared_feedback=item.group is not None and not pulled.graded_individually,
        split_group=item.group is not None and item.group.id in _split_groups(pulled),
    )
    numbers = (value for m in members for value in (str(m.id), m.login, m.sis_id) if value)
    ids = tuple(member.student.value for member in members)
    names = tuple(dict.fromkeys(n for m in members for n in (m.name, m.sortable_name) if n))
    return ParsedEntry(entry, _contents(item.files, entries), who, (*ids, *numbers), names)


def _split_groups(pulled: Pulled) -> frozenset[int]:
    return frozenset(
        item.group.id for item in pulled.submissions if item.group is not None and item.is_apart
    )


def _contents(files: tuple[PulledFile, ...], entries: Mapping[str, Entry]) -> Contents:
    """Return the files under the names that the student gave them."""
    usable: dict[str, Entry] = {}
    refused = []
    for file in files:
        name = _own_name(file)
        entry = entries.get(file.path)
        if file.problem or entry is None:
            refused.append(RefusedEntry(name, file.problem or "is not in the pulled folder"))
        elif "\0" in file.name:
            refused.append(RefusedEntry(name, "has a NUL in its name"))
        elif name in usable:  # intake compares the two
            path = f"{file.id}/{name}"
            usable[path] = Entry(path, (str(file.id), name), entry.open)
        else:
            usable[name] = renamed(entry, name)
    return Contents(tuple(usable[path] for path in sorted(usable)), tuple(refused))


def _own_name(file: PulledFile) -> str:
    """Return the base name of a file as the student wrote it, short enough for a file system."""
    parts = split_member(file.name.replace("\0", ""))
    name = parts[-1] if parts else str(file.id)
    suffix = PurePosixPath(name).suffix[:20]
    stem = name.removesuffix(suffix)
    while len((stem + suffix).encode("utf-8", "surrogatepass")) > LIMITS.name_bytes:
        stem = stem[:-1]
    return stem + suffix


def _site_id(name: str, number: str) -> StudentId:
    return readable_id(re.sub(r"\W", "", name).lower(), number, "_")


PULLED = CourseSite("canvas", _recognizes, _read)
