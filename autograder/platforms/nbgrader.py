"""nbgrader: a course folder, or its `submitted/` alone.

`submitted/<student>/<assignment>/` holds the files, and `timestamp.txt` the moment at which they
were handed in, such as `2026-05-01 12:30:00.123456 UTC`. A zone that is left out is UTC; letters
such as CEST, which nbgrader writes for a zone of its configuration, stay for `submission_times`.

Source: nbgrader's documentation, "The philosophy and the approach" (how to structure course files);
`nbgrader/utils.py`, `parse_utc`; `nbgrader collect`, which keeps only the latest submission.
"""

import datetime
import re
import zoneinfo

from autograder.intake.archive import Contents, Entry, UnreadableFile
from autograder.intake.names import quote_name, student_id
from autograder.platforms.export_entry import ExportEntry
from autograder.platforms.parsing import Found, Reading, System, below, by_folder, nobodys, parts_of

ASSIGNMENT = "quantization"  # as the kit's release calls it
SUBMITTED = "submitted"
TIMESTAMP = "timestamp.txt"
_LONGEST_TIMESTAMP = 1024  # bytes


def _recognises(contents: Contents) -> bool:
    if any(entry.parts[0] == SUBMITTED for entry in contents.files):
        return True
    return any(len(e.parts) == 3 and e.name == TIMESTAMP for e in contents.files)


def _read(contents: Contents) -> Reading:
    if any(entry.parts[0] == SUBMITTED for entry in contents.files):
        files = tuple(entry for entry in contents.files if entry.parts[0] == SUBMITTED)
        refused = tuple(o for o in contents.refused if parts_of(o.path)[:1] == (SUBMITTED,))
        contents = below(Contents(files, refused), 1)
    folders = by_folder(contents, 2)
    names = sorted({assignment for _, assignment in folders})
    wanted = ASSIGNMENT if ASSIGNMENT in names else names[0] if len(names) == 1 else None
    if wanted is None:
        shown = ", ".join(quote_name(name) for name in names)
        sentence = (
            f"The export holds the assignments {shown}, and none is called {ASSIGNMENT!r}: give "
            "a folder with one of them only."
        )
        return Reading((), problems=(sentence,))
    found, missing = [], {}
    for student in sorted({student for student, _ in folders}):
        inside = folders.get((student, wanted))
        if inside is None:
            missing[student_id(student).value] = {"student_id": student}
        else:
            found.append(_found(student, wanted, inside))
    strangers = [entry.path for entry in contents.files if len(entry.parts) < 3]
    return Reading(tuple(found), missing, nobodys(strangers))


def _found(student: str, assignment: str, contents: Contents) -> Found:
    stamps = [entry for entry in contents.files if entry.path == TIMESTAMP]
    files = tuple(entry for entry in contents.files if entry.path != TIMESTAMP)
    who = student_id(student)
    handin = ExportEntry(
        student=who.value,
        path=f"{student}/{assignment}",
        members=(who.value,),
        submitted=_moment(stamps[0]) if stamps else "",
        lms={who.value: {"student_id": student}},
    )
    return Found(handin, Contents(files, contents.refused), who, (student,))


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


NBGRADER = System("nbgrader", _recognises, _read)
