"""Canvas: read its "Download Submissions", write a gradebook import.

The export is one flat zip of all students' files. Each is named
`<name>[_LATE]_<user id>_<file id>_<file name>`, and those of one submission follow each other.
The name is the sortable name in lower case, without anything but letters, digits and underscores;
in group assignments it is the group's. Anonymous assignments have `anon_<id>` in place of name and
user id. A typed text or address has no file id and is called `..._text.html` or `..._link.html`.
Canvas itself adds `-1`, `-2` to the name of a file that is submitted again.

Source: instructure/canvas-lms, `lib/content_zipper.rb` (`get_filename`, `add_upload_submission`,
`add_text_or_url`) and `Attachment.make_unique_filename`. The submission time and the login are not
in the export. Canvas names one representative of a group, whose user id is that of the group.

The import is a CSV file for the gradebook's "Import" (Canvas Instructor Guide, "How do I import
grades in the Gradebook?"). It begins as Canvas's own export does:

    Student,ID,SIS User ID,SIS Login ID,Section,Quantization (4711)
        Points Possible,,,,,140
    "Lovelace, Ada",70001,sis1,ada@example.org,Autumn,118.5

Canvas finds a student by `ID`, else by the SIS ids, else by name. It finds the assignment by the
number in parentheses (canvas-lms, lib/gradebook_importer.rb and gradebook_exporter.rb). `EX`
excuses. An empty cell erases the current score, so students without a final score have no row.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from autograder.platforms.export_entry import ExportEntry, SiteFile
from autograder.platforms.gradebook_row import EXCUSED, GradebookRow, highest_maximum
from autograder.platforms.parsing import (
    CourseSite,
    ParsedEntry,
    ParsedExport,
    readable_id,
    renamed,
    top_level_files,
    unmatched_entries,
)
from autograder.report.cells import cell
from quantlab.intake.contents import Contents, Entry

COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")

_WHOSE = r"(?:(?P<name>(?!LATE_)\w+?)_)?(?P<late>LATE_)?(?P<user>\d+|anon_[A-Za-z0-9]+)"
_UPLOAD = re.compile(_WHOSE + r"_(?P<file>\d+)_(?P<rest>.+)", re.DOTALL)
_TYPED = re.compile(_WHOSE + r"_(?P<rest>(?:text|link)\.html)")
_AGAIN = re.compile(r"(?P<stem>.+)-(?P<times>\d{1,2})(?P<extension>\.[^.]+)?", re.DOTALL)


@dataclass(frozen=True)
class _Upload:
    """Holds a file of the export; `name` is the student's, `times` counts earlier uploads."""

    user: str
    owner: str
    late: bool
    file: int
    name: str
    times: int
    entry: Entry


def _recognizes(contents: Contents) -> bool:
    files = top_level_files(contents)
    recognized = sum(_parsed(entry) is not None for entry in files)
    return recognized > 0 and 2 * recognized >= len(files)


def _read(contents: Contents) -> ParsedExport:
    uploads: dict[str, list[_Upload]] = {}
    unmatched = [entry.path for entry in contents.files if len(entry.parts) > 1]
    for entry in top_level_files(contents):
        upload = _parsed(entry)
        if upload is None:
            unmatched.append(entry.path)
        else:
            uploads.setdefault(upload.user, []).append(upload)
    unmatched += [refusal.path for refusal in contents.refused]
    entries = tuple(_parse_entry(user, files) for user, files in sorted(uploads.items()))
    return ParsedExport(entries, problems=unmatched_entries(unmatched))


def _parsed(entry: Entry) -> _Upload | None:
    match = _UPLOAD.fullmatch(entry.name) or _TYPED.fullmatch(entry.name)
    if match is None:
        return None
    parts = match.groupdict()
    again = _AGAIN.fullmatch(parts["rest"]) if "file" in parts else None
    return _Upload(
        user=parts["user"],
        owner=parts["name"] or "",
        late=parts["late"] is not None,
        file=int(parts.get("file") or 0),
        name=again["stem"] + (again["extension"] or "") if again else parts["rest"],
        times=int(again["times"]) if again else 0,
        entry=entry,
    )


def _parse_entry(user: str, uploads: list[_Upload]) -> ParsedEntry:
    latest: dict[str, _Upload] = {}
    for upload in sorted(uploads, key=lambda upload: upload.file):  # Canvas counts files upwards
        latest[upload.name] = upload
    owner = uploads[0].owner
    who = readable_id(owner, user, "_")
    entry = ExportEntry(
        student=who.value,
        path=min(upload.entry.path for upload in uploads),
        members=(who.value,),
        attempt=1 + max(upload.times for upload in latest.values()),
        late=any(upload.late for upload in latest.values()),
        lms={who.value: {"Student": owner, "ID": user}},
        site_files=tuple(SiteFile(up.file, name) for name, up in sorted(latest.items()) if up.file),
    )
    files = tuple(renamed(upload.entry, name) for name, upload in sorted(latest.items()))
    return ParsedEntry(entry, Contents(files, ()), who, (user,), (owner,) if owner else ())


CANVAS = CourseSite("canvas", _recognizes, _read)


def canvas_csv(rows: Sequence[GradebookRow], assignment: str) -> str:
    """Return the text of canvas.csv, to be stored as UTF-8.

    `assignment` is the heading of the score column, such as "Quantization (4711)".
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([*COLUMNS, cell(assignment)])
    writer.writerow(["    Points Possible", "", "", "", "", cell(highest_maximum(rows))])
    for row in rows:
        if not in_canvas_csv(row):
            continue
        columns = {"Student": row.student, **row.columns}
        identity = [cell(columns.get(name, "")) for name in COLUMNS]
        writer.writerow([*identity, EXCUSED if row.points is None else cell(row.points)])
    return stream.getvalue()


def in_canvas_csv(row: GradebookRow) -> bool:
    """Return whether canvas.csv has a row for a student: a published score, or an excuse."""
    return row.excused or row.points is not None
