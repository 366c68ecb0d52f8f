"""Read a plain folder or zip: each folder and each archive in it is one student's submission.

This reader is used if the export of no course site is recognized.
"""

from autograder.platforms.export_entry import ExportEntry
from autograder.platforms.parsing import (
    CourseSite,
    ParsedEntry,
    ParsedExport,
    refused_top_level,
    renamed,
    split_by_folder,
    top_level_files,
    unmatched_entries,
    with_conflict,
)
from quantlab.intake.contents import Contents
from quantlab.intake.names import quote_name, student_id
from quantlab.intake.nested import has_archive_name
from quantlab.intake.submission import name_without_suffix


def _read(contents: Contents) -> ParsedExport:
    entries: dict[str, ParsedEntry] = {}
    problems = []
    submissions = [(parts[0], inside) for parts, inside in split_by_folder(contents).items()]
    for entry in top_level_files(contents):
        if has_archive_name(entry.name):
            submissions.append((entry.name, Contents((renamed(entry, entry.name),), ())))
    for name, inside in submissions:
        if not inside.files:
            continue
        parsed = _parse_entry(name, inside)
        if parsed.who.value in entries:
            first = entries[parsed.who.value]
            problem = (
                f"{quote_name(name)} is a second submission of {parsed.who.value}; only "
                f"{quote_name(first.entry.path)} is graded. Rename one of them."
            )
            problems.append(problem)
            entries[parsed.who.value] = with_conflict(first, problem)
        else:
            entries[parsed.who.value] = parsed
    unmatched = [
        entry.name for entry in top_level_files(contents) if not has_archive_name(entry.name)
    ]
    problems += unmatched_entries([*unmatched, *refused_top_level(contents)])
    return ParsedExport(tuple(entries.values()), problems=tuple(problems))


def _parse_entry(name: str, contents: Contents) -> ParsedEntry:
    stem = name_without_suffix(name)
    who = student_id(stem)
    entry = ExportEntry(student=who.value, path=name, members=(who.value,), lms={who.value: {}})
    return ParsedEntry(entry, contents, who, (stem,))


FOLDER = CourseSite("folder", lambda contents: True, _read)
