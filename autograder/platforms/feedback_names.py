"""Name files of feedback so that each course site gives every file to its student.

Moodle, the assignment's "Upload multiple feedback files in a zip": a name is split at underscores
into `<full name>_<participant>_assignsubmission_file_<file name>`. The number alone decides; in
team assignments it is the group's, and each member gets the file. Names that begin with "." or "~"
are ignored. Source: moodle/moodle, mod/assign/feedback/file/importziplib.php
(`is_valid_filename_for_import`, `import_zip_files`); the flat form is read by all versions.

Canvas, "Re-Upload Submissions" in the gradebook's menu of the assignment: of the parts between
underscores, without "LATE", the first two that are only digits are the user and the attachment. In
anonymous assignments they are the two parts after "anon". The attachment must belong to the user's
submission. A last part that begins with "link" is ignored. The file becomes a comment; its content
type is that of the uploaded name, but students see the name of the attachment. If a group is graded
as one, all members get the comment. Source: instructure/canvas-lms,
app/models/abstract_assignment.rb (`generate_comments_from_files`,
`infer_comment_context_from_filename`), lib/file_in_context.rb.

Blackboard: its help documents an upload of tables ("Work offline with grade data"), and none of
feedback files. The pages are named like the downloaded attempts, for an upload one by one.

Gradescope: feedback is the autograder's results.json, and no upload of files to many students is
documented. The folders are those of its export.

Mail: one page per student and a table for a mail merge. Nothing is sent.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath

from autograder.errors import AutograderError
from autograder.platforms.export_entry import ExportEntry, SiteFile
from autograder.report.cells import FORMULA_STARTS, cell

PAGE = "report.html"
ADDRESSES = "addresses.csv"
_EMAIL_COLUMNS = ("Email address", "Email", "E-mail", "SIS Login ID", "Username")
_NAME_COLUMNS = ("Full name", "Name", "Student")
_ADDRESS = re.compile(r"[^@\s,;:<>()\"'\[\]\\]+@[^@\s,;:<>()\"'\[\]\\]+")
_LONGEST_NAME = 100  # characters of a student's name in the name of a file
_LONGEST_FILE = 255  # bytes: what file systems allow


class Unreachable(AutograderError):
    """The site can't give a student a file; the message says why and what to do."""


class Content(StrEnum):
    """What a file of feedback contains."""

    PAGE = "page"
    ZIPPED_PAGE = "zipped page"
    RESULTS = "results"  # Gradescope's results.json


@dataclass(frozen=True)
class Recipient:
    """Holds a student, the submission and the student's columns of the course site."""

    member: str
    entry: ExportEntry
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FeedbackFile:
    """Holds a file of feedback before it is written.

    Attributes:
        recipient: the student.
        name: the path in the archive.
        content: what the file contains.
        target: what the site identifies the student by. No two students share one.
        shown: the name under which the site shows the file.
    """

    recipient: Recipient
    name: str
    content: Content
    target: str
    shown: str = PAGE


@dataclass(frozen=True)
class FeedbackSite:
    """Holds how feedback reaches the students of a site.

    `place` returns the files of a student, or raises `Unreachable`. `upload` is a sentence that
    says what staff do with the archive. `tables` returns further files, {name: text}.
    `is_personal` says that each member of a group gets a page of their own everywhere.
    """

    place: Callable[[Recipient], tuple[FeedbackFile, ...]]
    upload: str
    tables: Callable[[Sequence[FeedbackFile], str], dict[str, str]] = lambda files, title: {}
    is_folder: bool = False
    is_personal: bool = False


def _moodle(recipient: Recipient) -> tuple[FeedbackFile, ...]:
    number = re.search(r"(\d+)\s*$", recipient.columns.get("Identifier", ""), re.ASCII)
    if number is None:
        raise Unreachable(
            "no participant number: name Moodle's grading worksheet as roster in course.toml and "
            "run batch again"
        )
    name = _plain_name(recipient.columns.get("Full name", "")) or "Participant"
    path = f"{name}_{number[1]}_assignsubmission_file_{PAGE}"
    return (FeedbackFile(recipient, path, Content.PAGE, str(int(number[1]))),)


def _canvas(recipient: Recipient) -> tuple[FeedbackFile, ...]:
    user = recipient.columns.get("ID", "")
    if not re.fullmatch(r"\d+|anon_[A-Za-z0-9]+", user, re.ASCII):
        raise Unreachable("no Canvas user id: grade an export of Canvas")
    if not recipient.entry.site_files:
        raise Unreachable(
            "no uploaded file in Canvas, to which a comment could be added: use --to mail"
        )
    beside = min(recipient.entry.site_files, key=_canvas_preference)
    zipped = beside.name.lower().endswith(".zip")
    letters = re.sub(r"[\W_]", "", recipient.columns.get("Student", ""))[:_LONGEST_NAME]
    # A name of digits would be read as the user, and "anon" as an anonymous student.
    owner = letters if letters and not letters.isdigit() and letters != "anon" else "student"
    whose = user if user.startswith("anon_") else f"{owner}_{user}"
    extension = "zip" if zipped else "html"
    return (
        FeedbackFile(
            recipient,
            f"{whose}_{beside.id}_report.{extension}",
            Content.ZIPPED_PAGE if zipped else Content.PAGE,
            user,
            beside.name,
        ),
    )


def _canvas_preference(file: SiteFile) -> tuple[int, int]:
    """Order the files of a submission by how well a page fits under their name."""
    extension = PurePosixPath(file.name.lower()).suffix
    order = {".html": 0, ".htm": 0, ".zip": 1}
    return order.get(extension, 2), file.id


def opens_in_browser(file: FeedbackFile) -> bool:
    """Return whether a browser can open the file under the name that the site shows."""
    return file.shown.lower().endswith((".html", ".htm", ".zip"))


def _blackboard(recipient: Recipient) -> tuple[FeedbackFile, ...]:
    name = f"{recipient.entry.path}_{PAGE}"
    if "/" in name or len(name.encode()) > _LONGEST_FILE:
        name = f"{recipient.member}_{PAGE}"
    return (FeedbackFile(recipient, name, Content.PAGE, recipient.member),)


def _blackboard_tables(files: Sequence[FeedbackFile], title: str) -> dict[str, str]:
    rows = [
        (_username(file.recipient), _person(file.recipient), file.name)
        for file in files
        if file.content is Content.PAGE
    ]
    return {"files.csv": _table(("Username", "Name", "File"), rows)}


def _username(recipient: Recipient) -> str:
    return recipient.columns.get("Username", recipient.member)


def _gradescope(recipient: Recipient) -> tuple[FeedbackFile, ...]:
    entry = recipient.entry
    folder = re.sub(r"[^\w.-]", "-", entry.path)[:_LONGEST_NAME].lstrip(".") or entry.student
    page = FeedbackFile(
        recipient, f"{folder}/{recipient.member}.html", Content.PAGE, recipient.member
    )
    if recipient.member != entry.members[0]:
        return (page,)
    results = FeedbackFile(recipient, f"{folder}/results.json", Content.RESULTS, folder)
    return page, results


def _mail(recipient: Recipient) -> tuple[FeedbackFile, ...]:
    address = _address(recipient)
    name = f"feedback-{recipient.member}.html"
    return (FeedbackFile(recipient, name, Content.PAGE, address.casefold(), name),)


def _address(recipient: Recipient) -> str:
    for column in _EMAIL_COLUMNS:
        address = recipient.columns.get(column, "").strip()
        if _ADDRESS.fullmatch(address) and not address.startswith(FORMULA_STARTS):
            return address
    raise Unreachable(
        "no e-mail address: name a roster with the columns student and Email in course.toml"
    )


def _mail_tables(files: Sequence[FeedbackFile], title: str) -> dict[str, str]:
    rows = [
        (_address(file.recipient), _person(file.recipient), f"{title}: your feedback", file.name)
        for file in files
    ]
    return {ADDRESSES: _table(("To", "name", "subject", "attachment"), rows)}


def _person(recipient: Recipient) -> str:
    columns = recipient.columns
    return next((columns[name] for name in _NAME_COLUMNS if columns.get(name)), recipient.member)


def _plain_name(name: str) -> str:
    """Return a student's name without what separates parts of a file name or hides a file."""
    letters = "".join(c if c.isprintable() and c not in '_/\\:*?"<>|' else " " for c in name)
    return " ".join(letters.split()).lstrip(".~ ")[: _LONGEST_NAME // 2].strip()


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([cell(value) for value in row] for row in rows)
    return stream.getvalue()


SITES = {
    "moodle": FeedbackSite(
        _moodle,
        'Upload it in Moodle: the assignment, Submissions, "Upload multiple feedback files in a '
        'zip". The feedback type "Feedback files" must be on.',
    ),
    "canvas": FeedbackSite(
        _canvas,
        "Upload it in Canvas: Gradebook, the menu of the assignment, Re-Upload Submissions. Canvas "
        "offers it once Download Submissions was chosen there. Each page becomes a comment, and a "
        "second upload adds a second one.",
    ),
    "blackboard": FeedbackSite(
        _blackboard,
        "Blackboard documents no upload of feedback files to many students. files.csv lists whose "
        "page is whose: attach each to its attempt, or use --to mail.",
        _blackboard_tables,
    ),
    "gradescope": FeedbackSite(
        _gradescope,
        "Gradescope documents no upload of files to many students. results.json is what the "
        "autograder writes on the site, with lines for staff. The pages contain written answers "
        "and lateness, too: send them with --to mail.",
    ),
    "mail": FeedbackSite(
        _mail,
        f"Nothing was sent. {ADDRESSES} is for a mail merge: each row names an address and a page.",
        _mail_tables,
        is_folder=True,
        is_personal=True,
    ),
}
