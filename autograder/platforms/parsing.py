"""What a reader finds in an export, and the small things that all readers share.

A reader gets the listing of a folder or zip file and nothing else. It decides by names alone; the
contents of a file that students made are never looked into here. Whatever it can't place becomes a
sentence for staff.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from autograder.intake.archive import Contents, Entry, RefusedEntry
from autograder.intake.names import LONGEST_ID, StudentId, quote_name, student_id
from autograder.platforms.export_entry import ExportEntry


@dataclass(frozen=True)
class Found:
    """One hand-in and its files, named as within it.

    `who` is the id as the intake wants it; `other_ids` and `full_names` are further names of the
    people whose hand-in it is.
    """

    handin: ExportEntry
    contents: Contents
    who: StudentId
    other_ids: tuple[str, ...] = ()
    full_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reading:
    """All hand-ins of an export, who is named without one, and what could not be placed."""

    found: tuple[Found, ...]
    missing: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class System:
    """A learning management system: its name, how its exports are known, and how they are read."""

    name: str
    recognises: Callable[[Contents], bool]
    read: Callable[[Contents], Reading]


def plain(identifier: str) -> StudentId:
    """An id that the grader made of plain parts; it may only be too long."""
    value = student_id(identifier).value
    return StudentId(value, value, made_up=False)


def readable_id(name: str, number: str, between: str) -> StudentId:
    """An id for people to recognise: the name as far as it is ASCII, and the number that is unique.

    `readable_id("Ada Lovelace", "12345", "-")` is Ada-Lovelace-12345.
    """
    ascii_part = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = re.sub(r"[^A-Za-z0-9]+", "-", ascii_part).strip("-")
    kept = words[: LONGEST_ID - len(number) - len(between)].strip("-") or "student"
    return plain(f"{kept}{between}{number}")


def below(contents: Contents, depth: int) -> Contents:
    """The same entries, named from `depth` folders further down; those above are left out."""
    files = tuple(
        replace(entry, path="/".join(entry.parts[depth:]), parts=entry.parts[depth:])
        for entry in contents.files
        if len(entry.parts) > depth
    )
    refused = tuple(
        replace(one, path="/".join(parts_of(one.path)[depth:]))
        for one in contents.refused
        if len(parts_of(one.path)) > depth
    )
    return Contents(files, refused)


def by_folder(contents: Contents, depth: int = 1) -> dict[tuple[str, ...], Contents]:
    """What lies below each folder `depth` levels down, named from there."""
    files: dict[tuple[str, ...], list[Entry]] = {}
    refused: dict[tuple[str, ...], list[RefusedEntry]] = {}
    for entry in contents.files:
        if len(entry.parts) > depth:
            files.setdefault(entry.parts[:depth], []).append(entry)
    for one in contents.refused:
        parts = parts_of(one.path)
        if len(parts) > depth:
            refused.setdefault(parts[:depth], []).append(one)
    return {
        folder: below(Contents(tuple(files.get(folder, ())), tuple(refused.get(folder, ()))), depth)
        for folder in sorted({*files, *refused})
    }


def loose(contents: Contents) -> list[Entry]:
    """The files that lie at the top."""
    return [entry for entry in contents.files if len(entry.parts) == 1]


def named(entry: Entry, name: str) -> Entry:
    """The file under another name, at the top of a hand-in."""
    return replace(entry, path=name, parts=(name,))


def parts_of(path: str) -> tuple[str, ...]:
    """The folders and base name of a path that was refused, as far as it has any."""
    return tuple(part for part in re.split(r"[/\\]", path) if part not in ("", "."))


def contested(found: Found, problem: str) -> Found:
    """Return a submission whose id another one has, too, as `problem` says: staff must decide."""
    return replace(found, handin=replace(found.handin, conflict=problem))


def nobodys(names: Iterable[str], limit: int = 20) -> tuple[str, ...]:
    """The sentences for entries of an export that belong to no hand-in."""
    all_names = sorted(names)
    told = [
        f"{quote_name(name)} in the export belongs to no student and was not marked."
        for name in all_names[:limit]
    ]
    more = len(all_names) - len(told)
    return (*told, f"{more} more entries belong to no student.") if more > 0 else tuple(told)


def refused_at_the_top(contents: Contents) -> list[str]:
    """Names of entries that are used by nobody because their names lead elsewhere."""
    return [one.path for one in contents.refused if len(parts_of(one.path)) <= 1]


def only_latest(found: Sequence[Found], problems: list[str]) -> tuple[Found, ...]:
    """One hand-in per member: of two the one handed in later, and a sentence for staff."""
    latest: dict[str, Found] = {}
    for one in sorted(found, key=lambda f: (f.handin.submitted, f.handin.path)):
        for member in one.handin.members:
            earlier = latest.get(member)
            if earlier is not None and earlier is not one:
                problems.append(
                    f"{member} is in two hand-ins, {quote_name(earlier.handin.path)} and "
                    f"{quote_name(one.handin.path)}: the latter, handed in later, counts."
                )
            latest[member] = one
    chosen = {id(one) for one in latest.values()}
    return tuple(one for one in found if id(one) in chosen)
