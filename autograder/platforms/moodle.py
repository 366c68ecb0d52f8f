"""Moodle: read its "Download all submissions", write an offline grading worksheet.

The export has one folder per student and kind of submission: `<name>_<id>_assignsubmission_file`
(in older versions with a last underscore) and `..._assignsubmission_onlinetext`. If folders are
off, file names begin like that instead. Underscores of a name have become spaces. In team
assignments name and id are the group's, and missing for students in no group. With blind marking
the name is "Participant". The id is that of Moodle's grading worksheet, "Participant 12345".

Source: moodle/moodle, `mod/assign/classes/downloader.php` (`get_student_prefix`,
`load_submissionplugin_filelist`). Only the latest attempt is exported. The submission time is in
the grading worksheet, not in the export; the members of a team are in neither.

The worksheet is a CSV file in the form that Moodle itself offers. Moodle reads it with "Upload
grading worksheet" if the feedback types "Offline grading worksheet" and "Feedback comments" are on
(docs.moodle.org, "Assignment settings", "Using Assignment"). The importer needs `Identifier`
("Participant 123"), `Grade` and `Last modified (grade)`, and reads `Feedback comments`. It skips
rows without a grade, and grades above the assignment's maximum (moodle,
mod/assign/feedback/offline, importgradeslib.php and importgradesform.php). Therefore rows contain
at most the maximum; a bonus beyond it is in the comment. Students without a final score or an
identifier have no row. Moodle shows comments as HTML, so they are escaped.
"""

import csv
import html
import io
import re
from collections.abc import Mapping, Sequence

from autograder.platforms.export_entry import ExportEntry
from autograder.platforms.gradebook_row import GradebookRow, highest_maximum
from autograder.platforms.parsing import (
    CourseSite,
    ParsedEntry,
    ParsedExport,
    plain_id,
    readable_id,
    renamed,
    unmatched_entries,
)
from autograder.report.cells import cell
from quantlab.intake.contents import Contents, Entry, RefusedEntry, split_path

MOODLE_PARTICIPANT = "Participant "
COLUMNS = (
    "Identifier",
    "Full name",
    "Email address",
    "Status",
    "Grade",
    "Maximum Grade",
    "Grade can be changed",
    "Last modified (submission)",
    "Last modified (grade)",
    "Feedback comments",
)
_NAME = re.compile(
    r"(?P<name>[^_]*)(?:_(?P<id>\d+))?_assignsubmission_(?P<kind>[a-z]+)(?:_(?P<rest>.*))?",
    re.DOTALL,
)


def _recognizes(contents: Contents) -> bool:
    return any(_NAME.fullmatch(entry.parts[0]) for entry in contents.files)


def _read(contents: Contents) -> ParsedExport:
    files: dict[tuple[str, str], list[Entry]] = {}
    refused: dict[tuple[str, str], list[RefusedEntry]] = {}
    paths: dict[tuple[str, str], str] = {}
    unmatched = []
    for entry in contents.files:
        whose, within = _place(entry.parts)
        if whose is None:
            unmatched.append(entry.path)
            continue
        paths.setdefault(whose, entry.parts[0])
        files.setdefault(whose, []).append(
            Entry("/".join(within), within, entry.open)
            if len(within) > 1
            else renamed(entry, *within)
        )
    for refusal in contents.refused:
        whose, within = _place(split_path(refusal.path))
        if whose is None:
            unmatched.append(refusal.path)
        else:
            paths.setdefault(whose, refusal.path)
            refused.setdefault(whose, []).append(RefusedEntry("/".join(within), refusal.reason))
    entries = tuple(
        _parse_entry(
            whose, paths[whose], tuple(files.get(whose, ())), tuple(refused.get(whose, ()))
        )
        for whose in sorted(paths)
    )
    return ParsedExport(entries, problems=unmatched_entries(unmatched))


def _place(parts: tuple[str, ...]) -> tuple[tuple[str, str] | None, tuple[str, ...]]:
    """Return the (name, id) of a path's student, None if unknown, and its place inside."""
    match = _NAME.fullmatch(parts[0]) if parts else None
    if match is None:
        return None, ()
    within = parts[1:] if len(parts) > 1 else (match["rest"] or parts[0],)
    return (match["name"], match["id"] or ""), within


def _parse_entry(
    whose: tuple[str, str], path: str, files: tuple[Entry, ...], refused: tuple[RefusedEntry, ...]
) -> ParsedEntry:
    name, number = whose
    who = readable_id(name, number, "-") if number else plain_id(name)
    names: Mapping[str, str] = {"Full name": name}
    entry = ExportEntry(
        student=who.value,
        path=path,
        members=(who.value,),
        lms={who.value: {"Identifier": MOODLE_PARTICIPANT + number, **names} if number else names},
    )
    return ParsedEntry(entry, Contents(files, refused), who, (number,) if number else (), (name,))


MOODLE = CourseSite("moodle", _recognizes, _read)


def moodle_csv(rows: Sequence[GradebookRow]) -> str:
    """Return the text of moodle.csv, to be stored as UTF-8."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    highest = highest_maximum(rows)
    for row in rows:
        identifier = row.columns.get("Identifier", "")
        if not in_moodle_csv(row) or row.points is None:
            continue
        if identifier.isdigit():
            identifier = MOODLE_PARTICIPANT + identifier
        values = {
            **{name: row.columns.get(name, "") for name in COLUMNS},
            "Identifier": identifier,
            "Maximum Grade": f"{highest:.2f}",
            "Grade can be changed": row.columns.get("Grade can be changed", "Yes"),
            "Last modified (grade)": row.columns.get("Last modified (grade)", "-"),
        }
        cells: list[str | float] = [_safe_cell(values[name]) for name in COLUMNS]
        cells[COLUMNS.index("Grade")] = f"{row.points:.2f}"
        cells[-1] = html.escape(row.comment).replace("\n", "<br>")
        writer.writerow(cells)
    return stream.getvalue()


def in_moodle_csv(row: GradebookRow) -> bool:
    """Return whether moodle.csv has a row for a student: a published score and an identifier."""
    return row.points is not None and bool(row.columns.get("Identifier"))


def _safe_cell(value: str) -> str | float:
    return value if value == "-" else cell(value)  # Moodle writes "-" for "never"
