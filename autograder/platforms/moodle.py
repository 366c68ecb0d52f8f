"""Moodle: "Download all submissions" of an assignment.

One folder per student and kind of submission, `<full name>_<id>_assignsubmission_file` (in older
versions with a last underscore) and `..._assignsubmission_onlinetext`; or, if folders are switched
off, files whose names begin like that. Underscores of a name have become spaces. In team
assignments the name and id are the group's, and nobody's for those in no group; with blind marking
the name is "Participant". The id is that of Moodle's grading worksheet, "Participant 12345".

Source: moodle/moodle, `mod/assign/classes/downloader.php` (`get_student_prefix`,
`load_submissionplugin_filelist`). Only the latest attempt is exported. When it was handed in stands
in the grading worksheet, not in the export, and neither do the members of a team.
"""

import re
from collections.abc import Mapping

from autograder.intake.archive import Contents, Entry, Refused
from autograder.platforms.export_entry import ExportEntry
from autograder.platforms.parsing import (
    Found,
    Reading,
    System,
    named,
    nobodys,
    parts_of,
    plain,
    readable_id,
)

_NAME = re.compile(
    r"(?P<name>[^_]*)(?:_(?P<id>\d+))?_assignsubmission_(?P<kind>[a-z]+)(?:_(?P<rest>.*))?",
    re.DOTALL,
)


def _recognises(contents: Contents) -> bool:
    return any(_NAME.fullmatch(entry.parts[0]) for entry in contents.files)


def _read(contents: Contents) -> Reading:
    files: dict[tuple[str, str], list[Entry]] = {}
    refused: dict[tuple[str, str], list[Refused]] = {}
    paths: dict[tuple[str, str], str] = {}
    strangers = []
    for entry in contents.files:
        whose, within = _place(entry.parts)
        if whose is None:
            strangers.append(entry.path)
            continue
        paths.setdefault(whose, entry.parts[0])
        files.setdefault(whose, []).append(
            Entry("/".join(within), within, entry.open)
            if len(within) > 1
            else named(entry, *within)
        )
    for one in contents.refused:
        whose, within = _place(parts_of(one.path))
        if whose is None:
            strangers.append(one.path)
        else:
            paths.setdefault(whose, one.path)
            refused.setdefault(whose, []).append(Refused("/".join(within), one.reason))
    found = tuple(
        _found(whose, paths[whose], tuple(files.get(whose, ())), tuple(refused.get(whose, ())))
        for whose in sorted(paths)
    )
    return Reading(found, problems=nobodys(strangers))


def _place(parts: tuple[str, ...]) -> tuple[tuple[str, str] | None, tuple[str, ...]]:
    """Whose a path is, by name and id, and what it is called within the hand-in."""
    match = _NAME.fullmatch(parts[0]) if parts else None
    if match is None:
        return None, ()
    within = parts[1:] if len(parts) > 1 else (match["rest"] or parts[0],)
    return (match["name"], match["id"] or ""), within


def _found(
    whose: tuple[str, str], path: str, files: tuple[Entry, ...], refused: tuple[Refused, ...]
) -> Found:
    name, number = whose
    who = readable_id(name, number, "-") if number else plain(name)
    names: Mapping[str, str] = {"Full name": name}
    handin = ExportEntry(
        student=who.value,
        path=path,
        members=(who.value,),
        lms={who.value: {"Identifier": f"Participant {number}", **names} if number else names},
    )
    return Found(handin, Contents(files, refused), who, (number,) if number else (), (name,))


MOODLE = System("moodle", _recognises, _read)
