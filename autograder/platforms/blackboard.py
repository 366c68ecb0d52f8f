"""Blackboard Learn: "Assignment File Download" in the Grade Center, one flat zip.

Each file is called `<assignment>_<username>_attempt_<year-month-day-hour-minute-second>_<file
name>`. Every attempt has a text besides, the same name without a file name and with `.txt`, whose
first line is `Name: <full name> (<username>)`. All attempts may be in the download; the latest is
marked.

Source: Blackboard's help, "Download assignments", and public readers of such downloads
(kwurst/bb-file-cleanup; nbgrader's example for `FileNameCollectorPlugin`). The names give the
server's local time without a zone: `timezone` of course.toml says which.
"""

import datetime
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from autograder.intake.archive import Contents, Entry, UnreadableFile
from autograder.intake.names import student_id
from autograder.platforms.export_entry import ExportEntry
from autograder.platforms.parsing import Found, Reading, System, loose, named, nobodys

_WHEN = r"\d{4}(?:-\d{2}){5}"
_NAME = re.compile(
    rf"(?P<before>.+)_attempt_(?P<when>{_WHEN})(?:_(?P<file>.+)|(?P<note>\.txt))", re.DOTALL
)
_WHO = re.compile(r"Name:\s*(?P<name>[^\r\n]*?)\s*\((?P<user>[^()\r\n]+)\)\s*(?:\r?\n|\Z)")
_Key = tuple[str, str]  # what stands before "_attempt_", and when
_LONGEST_NOTE = 2**20  # bytes; it may hold what a student typed


@dataclass(frozen=True)
class _Attempt:
    """One attempt of one person; `before` is the assignment and the username."""

    before: str
    when: str
    user: str
    full_name: str
    files: tuple[tuple[str, Entry], ...]


def _recognises(contents: Contents) -> bool:
    return any(_NAME.fullmatch(entry.name) for entry in loose(contents))


def _read(contents: Contents) -> Reading:
    files: dict[tuple[str, str], list[tuple[str, Entry]]] = {}
    notes: dict[tuple[str, str], Entry] = {}
    strangers = [entry.path for entry in contents.files if len(entry.parts) > 1]
    for entry in loose(contents):
        match = _NAME.fullmatch(entry.name)
        if match is None:
            strangers.append(entry.path)
            continue
        attempt = (match["before"], match["when"])
        files.setdefault(attempt, [])
        if match["note"]:
            notes[attempt] = entry
        else:
            files[attempt].append((match["file"], entry))
    strangers += [one.path for one in contents.refused]
    attempts: dict[str, list[_Attempt]] = {}
    owners = _owners(files, notes)
    for (before, when), some in sorted(files.items()):
        full_name, user = owners[before]
        attempts.setdefault(user, []).append(_Attempt(before, when, user, full_name, tuple(some)))
    found = tuple(_found(user, some) for user, some in sorted(attempts.items()))
    return Reading(found, problems=nobodys(strangers))


def _owners(
    attempts: Collection[_Key], notes: Mapping[_Key, Entry]
) -> Mapping[str, tuple[str, str]]:
    """Return full name and username by what stands before "_attempt_".

    A note tells both. Without one, the username is what follows the name of the assignment: that of
    the notes, else what all names begin with.
    """
    befores = {before for before, _ in attempts}
    owners = {}
    for (before, _), note in sorted(notes.items()):  # of two notes the later
        if owner := _noted(before, note):
            owners[before] = owner
    common = os.path.commonprefix(sorted(befores))  # noqa: RUF071 (names, not paths)
    assignments = {before.removesuffix(user) for before, (_, user) in owners.items()}
    assignments = assignments or {common[: common.rfind("_") + 1]}
    for before in befores - owners.keys():
        fitting = [one for one in assignments if before.startswith(one) and before != one]
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


def _found(user: str, attempts: list[_Attempt]) -> Found:
    ordered = sorted(attempts, key=lambda one: one.when)
    latest = ordered[-1]
    who = student_id(user)
    names = tuple(dict.fromkeys(one.full_name for one in ordered if one.full_name))
    handin = ExportEntry(
        student=who.value,
        path=f"{latest.before}_attempt_{latest.when}",
        members=(who.value,),
        submitted=_moment(latest.when),
        attempt=len(ordered),
        lms={who.value: {"Username": user, **({"Name": names[-1]} if names else {})}},
    )
    files = tuple(named(entry, name) for name, entry in sorted(latest.files, key=lambda f: f[0]))
    return Found(handin, Contents(files, ()), who, (user,), names)


def _moment(when: str) -> str:
    try:
        return datetime.datetime.strptime(when, "%Y-%m-%d-%H-%M-%S").isoformat()
    except ValueError:
        return ""


BLACKBOARD = System("blackboard", _recognises, _read)
