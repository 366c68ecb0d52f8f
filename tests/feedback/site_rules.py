"""Who gets which file of an uploaded archive, by the published rules of each site.

Written from the sites' sources (see `autograder.platforms.feedback_names`), without its code.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Received = dict[str, dict[str, bytes]]  # {person: {name as the person sees it: content}}


def members(archive: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        for info in opened.infolist():
            assert not info.is_dir()
            yield info.filename, opened.read(info)


def clean_file(name: str) -> str:
    """Moodle's PARAM_FILE: what a name in an uploaded zip becomes."""
    name = re.sub(r"[\x00-\x1f\x7f-\x9f&<>\"`|':\\/]", "", name)
    return "" if name in (".", "..") else name


def moodle(archive: Path, participants: Mapping[int, list[str]], old: bool = False) -> Received:
    """Import a zip of feedback files; `old` are versions that read only the name of a file."""
    received: Received = {}
    for path, content in members(archive):
        parts = [clean_file(part) for part in path.split("/")]
        if parts[-1].startswith((".", "~")):
            continue
        stored = moodle_old(parts[-1], participants) if old else moodle_new(parts, participants)
        if stored is not None:
            users, name = stored
            for user in users:
                received.setdefault(user, {})[name] = content
    return received


def moodle_new(
    parts: list[str], participants: Mapping[int, list[str]]
) -> tuple[list[str], str] | None:
    rest = ["", "import", *parts]
    while rest:
        info = rest.pop(0).split("_", 4)
        if len(info) < 4 or not info[1].isdecimal() or not participants.get(int(info[1])):
            continue
        if (info[2], info[3]) not in {("assignsubmission", "file"), ("assignfeedback", "file")}:
            continue
        return participants[int(info[1])], "/".join([*info[4:5], *rest])
    return None


def moodle_old(name: str, participants: Mapping[int, list[str]]) -> tuple[list[str], str] | None:
    info = name.split("_", 4)
    if len(info) < 5 or not info[1].isdecimal() or not participants.get(int(info[1])):
        return None
    return participants[int(info[1])], info[4]


@dataclass(frozen=True)
class CanvasSubmission:
    """A submission in Canvas: the attachments {id: display name} of its latest attempt."""

    user: str
    attachments: Mapping[int, str]
    anonymous_id: str = ""


@dataclass(frozen=True)
class CanvasAssignment:
    submissions: list[CanvasSubmission]
    groups: Mapping[str, list[str]] = field(default_factory=dict)  # {name: users}, graded as one


def canvas(archive: Path, assignment: CanvasAssignment) -> Received:
    """Import an upload of submissions: comments with the attachments' names."""
    received: Received = {}
    for path, content in members(archive):
        name = path.rpartition("/")[2]
        for group in assignment.groups:
            if name.startswith(f"{group}_"):
                name = name.removeprefix(f"{group}_")
                break
        parts = [part for part in name.split("_") if part != "LATE"]
        if parts[0] == "anon":
            wanted, attachment = parts[1], parts[2]
            fitting = [s for s in assignment.submissions if s.anonymous_id == wanted]
        else:
            numbers = [part for part in parts if re.fullmatch("[0-9]+", part)][:2]
            assert len(numbers) == 2, f"Canvas ignores {path}"
            wanted, attachment = numbers
            fitting = [s for s in assignment.submissions if s.user == wanted]
        assert not parts[-1].startswith("link")
        assert not name.startswith("._")
        (submission,) = fitting
        shown = submission.attachments[int(attachment)]
        team = [users for users in assignment.groups.values() if submission.user in users]
        for user in team[0] if team else [submission.user]:
            received.setdefault(user, {})[shown] = content
    return received
