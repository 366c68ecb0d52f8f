"""nbgrader: read a course folder, or its `submitted/` alone.

`submitted/<student>/<assignment>/` contains the files, and `timestamp.txt` the submission time,
such as `2026-05-01 12:30:00.123456 UTC`. A missing zone means UTC. Letters such as CEST, which
nbgrader writes for a configured zone, are left to `submission_times`.

Source: nbgrader's documentation, "The philosophy and the approach" (how to structure course files);
`nbgrader/utils.py`, `parse_utc`; `nbgrader collect`, which keeps only the latest submission.
"""

import datetime
import re
import zoneinfo

from autograder.platforms.export_entry import ExportEntry
from autograder.platforms.parsing import (
    CourseSite,
    ParsedEntry,
    ParsedExport,
    split_by_folder,
    strip_folders,
    unmatched_entries,
)
from quantlab.errors import UnreadableFile
from quantlab.intake.contents import Contents, Entry, split_path
from quantlab.intake.names import quote_name, student_id

ASSIGNMENT = "quantization"  # its name in the release
SUBMITTED = "submitted"
TIMESTAMP = "timestamp.txt"
_LONGEST_TIMESTAMP = 1024  # bytes


def _recognizes(contents: Contents) -> bool:
    if any(entry.parts[0] == SUBMITTED for entry in contents.files):
        return True
    return any(len(e.parts) == 3 and e.name == TIMESTAMP for e in contents.files)


def _read(contents: Contents) -> ParsedExport:
    if any(entry.parts[0] == SUBMITTED for entry in contents.files):
        files = tuple(entry for entry in contents.files if entry.parts[0] == SUBMITTED)
        refused = tuple(o for o in contents.refused if split_path(o.path)[:1] == (SUBMITTED,))
        contents = strip_folders(Contents(files, refused), 1)
    folders = split_by_folder(contents, 2)
    names = sorted({assignment for _, assignment in folders})
    wanted = ASSIGNMENT if ASSIGNMENT in names else names[0] if len(names) == 1 else None
    if wanted is None:
        shown = ", ".join(quote_name(name) for name in names)
        sentence = (
            f"The export contains the assignments {shown}, and none is called {ASSIGNMENT!r}. Pass "
            "a folder with one of them."
        )
        return ParsedExport((), problems=(sentence,))
    entries, missing = [], {}
    for student in sorted({student for student, _ in folders}):
        inside = folders.get((student, wanted))
        if inside is None:
            missing[student_id(student).value] = {"student_id": student}
        else:
            entries.append(_parse_entry(student, wanted, inside))
    unmatched = [entry.path for entry in contents.files if len(entry.parts) < 3]
    return ParsedExport(tuple(entries), missing, unmatched_entries(unmatched))


def _parse_entry(student: str, assignment: str, contents: Contents) -> ParsedEntry:
    stamps = [entry for entry in contents.files if entry.path == TIMESTAMP]
    files = tuple(entry for entry in contents.files if entry.path != TIMESTAMP)
    who = student_id(student)
    entry = ExportEntry(
        student=who.value,
        path=f"{student}/{assignment}",
        members=(who.value,),
        submitted=_moment(stamps[0]) if stamps else "",
        lms={who.value: {"student_id": student}},
    )
    return ParsedEntry(entry, Contents(files, contents.refused), who, (student,))


def _moment(stamp: Entry) -> str:
    try:
        text = stamp.read(_LONGEST_TIMESTAMP).decode("utf-8", "replace").strip()
    except UnreadableFile:
        return ""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?)\s*(.*)", text)
    if match is None:
        return ""
    try:
        moment = datetime.datetime.fromisoformat(match[1])
        return moment.replace(tzinfo=_zone(match[2])).isoformat()
    except (ValueError, zoneinfo.ZoneInfoNotFoundError, OSError):
        return text if re.fullmatch("[A-Z]{2,5}", match[2]) else ""


def _zone(name: str) -> datetime.tzinfo:
    if name in ("", "UTC", "Z", "GMT"):
        return datetime.UTC
    offset = re.fullmatch(r"([+-])(\d\d):?(\d\d)", name)
    if offset:
        minutes = int(offset[2]) * 60 + int(offset[3])
        return datetime.timezone(datetime.timedelta(minutes=int(offset[1] + str(minutes))))
    return zoneinfo.ZoneInfo(name)


NBGRADER = CourseSite("nbgrader", _recognizes, _read)
