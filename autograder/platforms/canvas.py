"""Canvas: "Download Submissions" of an assignment, one flat zip of everybody's files.

Canvas names each file `<name>[_LATE]_<user id>_<file id>_<file name>`, those of one submission side
by side: the sortable name in lower case without anything but letters, digits and underscores, in
group assignments the group's. Anonymous assignments have `anon_<id>` in place of name and user id.
A text or an address that was typed in has no file id and is called `..._text.html` or
`..._link.html`. Canvas itself writes `-1`, `-2` behind the name of a file that is handed in again.

Source: instructure/canvas-lms, `lib/content_zipper.rb` (`get_filename`, `add_upload_submission`,
`add_text_or_url`) and `Attachment.make_unique_filename`. The moment of submission and the login are
not in the export. Of a group Canvas names one representative, whose user id stands for all.
"""

import re
from dataclasses import dataclass

from autograder.intake.archive import Contents, Entry
from autograder.platforms.export_entry import ExportEntry
from autograder.platforms.parsing import Found, Reading, System, loose, named, nobodys, readable_id

_WHOSE = r"(?:(?P<name>(?!LATE_)\w+?)_)?(?P<late>LATE_)?(?P<user>\d+|anon_[A-Za-z0-9]+)"
_UPLOAD = re.compile(_WHOSE + r"_(?P<file>\d+)_(?P<rest>.+)", re.DOTALL)
_TYPED = re.compile(_WHOSE + r"_(?P<rest>(?:text|link)\.html)")
_AGAIN = re.compile(r"(?P<stem>.+)-(?P<times>\d{1,2})(?P<extension>\.[^.]+)?", re.DOTALL)


@dataclass(frozen=True)
class _Upload:
    """A file of the export; `name` is as the student called it, `times` how often before."""

    user: str
    owner: str
    late: bool
    file: int
    name: str
    times: int
    entry: Entry


def _recognises(contents: Contents) -> bool:
    files = loose(contents)
    ours = sum(_parsed(entry) is not None for entry in files)
    return ours > 0 and 2 * ours >= len(files)


def _read(contents: Contents) -> Reading:
    uploads: dict[str, list[_Upload]] = {}
    strangers = [entry.path for entry in contents.files if len(entry.parts) > 1]
    for entry in loose(contents):
        upload = _parsed(entry)
        if upload is None:
            strangers.append(entry.path)
        else:
            uploads.setdefault(upload.user, []).append(upload)
    strangers += [one.path for one in contents.refused]
    found = tuple(_found(user, files) for user, files in sorted(uploads.items()))
    return Reading(found, problems=nobodys(strangers))


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


def _found(user: str, uploads: list[_Upload]) -> Found:
    latest: dict[str, _Upload] = {}
    for upload in sorted(uploads, key=lambda one: one.file):  # Canvas counts files upwards
        latest[upload.name] = upload
    owner = uploads[0].owner
    who = readable_id(owner, user, "_")
    handin = ExportEntry(
        student=who.value,
        path=min(one.entry.path for one in uploads),
        members=(who.value,),
        attempt=1 + max(one.times for one in latest.values()),
        late=any(one.late for one in latest.values()),
        lms={who.value: {"Student": owner, "ID": user}},
    )
    files = tuple(named(one.entry, name) for name, one in sorted(latest.items()))
    return Found(handin, Contents(files, ()), who, (user,), (owner,) if owner else ())


CANVAS = System("canvas", _recognises, _read)
