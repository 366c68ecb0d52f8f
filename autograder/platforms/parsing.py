"""What the readers of exports return, and the functions that they share.

A reader gets the list of files of a folder or zip. It decides by names alone and never reads
students' files. Files that belong to no student become sentences for staff.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from autograder.platforms.export_entry import ExportEntry
from quantlab.intake.contents import Contents, Entry, RefusedEntry, split_path
from quantlab.intake.names import LONGEST_ID, StudentId, quote_name, student_id


@dataclass(frozen=True)
class ParsedEntry:
    """Holds one submission and its files, with their names inside it.

    `who` is the id for the intake; `other_ids` and `full_names` are further names of the students.
    """

    entry: ExportEntry
    contents: Contents
    who: StudentId
    other_ids: tuple[str, ...] = ()
    full_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class ParsedExport:
    """Holds the submissions of an export, students without one, and sentences for staff."""

    entries: tuple[ParsedEntry, ...]
    missing: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class CourseSite:
    """Holds the name of a course site, and the functions that recognize and read its exports."""

    name: str
    recognizes: Callable[[Contents], bool]
    read: Callable[[Contents], ParsedExport]


def plain_id(identifier: str) -> StudentId:
    """Return an id of plain characters, shortened if it is too long."""
    value = student_id(identifier).value
    return StudentId(value, value, replaced=False)


def readable_id(name: str, number: str, between: str) -> StudentId:
    """Return a readable id: the ASCII part of the name and the unique number.

    `readable_id("Ada Lovelace", "12345", "-")` is Ada-Lovelace-12345.
    """
    ascii_part = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = re.sub(r"[^A-Za-z0-9]+", "-", ascii_part).strip("-")
    kept = words[: LONGEST_ID - len(number) - len(between)].strip("-") or "student"
    return plain_id(f"{kept}{between}{number}")


def strip_folders(contents: Contents, depth: int) -> Contents:
    """Return the entries below `depth` folders, named from there."""
    files = tuple(
        replace(entry, path="/".join(entry.parts[depth:]), parts=entry.parts[depth:])
        for entry in contents.files
        if len(entry.parts) > depth
    )
    refused = tuple(
        replace(item, path="/".join(split_path(item.path)[depth:]))
        for item in contents.refused
        if len(split_path(item.path)) > depth
    )
    return Contents(files, refused)


def split_by_folder(contents: Contents, depth: int = 1) -> dict[tuple[str, ...], Contents]:
    """Return {folder: its entries} for the folders `depth` levels down, named from there."""
    files: dict[tuple[str, ...], list[Entry]] = {}
    refused: dict[tuple[str, ...], list[RefusedEntry]] = {}
    for entry in contents.files:
        if len(entry.parts) > depth:
            files.setdefault(entry.parts[:depth], []).append(entry)
    for item in contents.refused:
        parts = split_path(item.path)
        if len(parts) > depth:
            refused.setdefault(parts[:depth], []).append(item)
    return {
        folder: strip_folders(
            Contents(tuple(files.get(folder, ())), tuple(refused.get(folder, ()))), depth
        )
        for folder in sorted({*files, *refused})
    }


def top_level_files(contents: Contents) -> list[Entry]:
    """Return the files outside of folders."""
    return [entry for entry in contents.files if len(entry.parts) == 1]


def renamed(entry: Entry, name: str) -> Entry:
    """Return the file under another name, at the top of a submission."""
    return replace(entry, path=name, parts=(name,))


def with_conflict(parsed: ParsedEntry, problem: str) -> ParsedEntry:
    """Return a submission with a conflict that staff must decide."""
    return replace(parsed, entry=replace(parsed.entry, conflict=problem))


def unmatched_entries(names: Iterable[str], limit: int = 20) -> tuple[str, ...]:
    """Return sentences on the entries of an export that belong to no submission."""
    all_names = sorted(names)
    sentences = [
        f"{quote_name(name)} in the export belongs to no student and was not graded."
        for name in all_names[:limit]
    ]
    more = len(all_names) - len(sentences)
    return (
        (*sentences, f"{more} more entries belong to no student.") if more > 0 else tuple(sentences)
    )


def refused_top_level(contents: Contents) -> list[str]:
    """Return the names of refused entries outside of folders."""
    return [item.path for item in contents.refused if len(split_path(item.path)) <= 1]


def latest_entries(entries: Sequence[ParsedEntry], problems: list[str]) -> tuple[ParsedEntry, ...]:
    """Return one submission per member, the latest, and add a sentence for each other one."""
    latest: dict[str, ParsedEntry] = {}
    for item in sorted(entries, key=lambda f: (f.entry.submitted, f.entry.path)):
        for member in item.entry.members:
            earlier = latest.get(member)
            if earlier is not None and earlier is not item:
                problems.append(
                    f"{member} is in two submissions, {quote_name(earlier.entry.path)} and "
                    f"{quote_name(item.entry.path)}: the second counts, because it is later."
                )
            latest[member] = item
    chosen = {id(item) for item in latest.values()}
    return tuple(item for item in entries if id(item) in chosen)
