"""Made-up exports: the same uploads laid out as each learning management system would export them.

The counterpart of `autograder.platforms`, and written apart from it: what a reader finds can be
compared with what was put in. For tests, benchmarks and rehearsals; nobody in it exists.
"""

import datetime
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LAYOUTS = ("canvas", "moodle", "gradescope", "blackboard", "nbgrader", "folder")
ASSIGNMENT = "quantization"
_DUE = datetime.datetime(2026, 5, 1, 23, 59, tzinfo=datetime.UTC)

Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Pupil:
    """A made-up student; `ascii_name` is the full name as a site without accents writes it."""

    number: int
    name: str
    ascii_name: str

    @property
    def login(self) -> str:
        first, _, last = self.ascii_name.casefold().partition(" ")
        return f"{first[0]}{last}{self.number}"


@dataclass(frozen=True)
class Upload:
    """What one pupil, or a group, handed in: the latest files, and those of an earlier attempt."""

    pupils: tuple[Pupil, ...]
    files: Files
    earlier: Files | None = None
    late: bool = False


def student_id(layout: str, pupils: Sequence[Pupil]) -> str:
    """The id under which the upload of these pupils is marked."""
    if layout == "gradescope":
        return "-".join(sorted(pupil.login for pupil in pupils))
    (pupil,) = pupils
    if layout == "canvas":
        return f"{_squashed(pupil.ascii_name)}_{pupil.number}"
    if layout == "moodle":
        return f"{pupil.ascii_name.replace(' ', '-')}-{pupil.number}"
    return pupil.login


def own_name(layout: str, pupils: Sequence[Pupil]) -> str:
    """What these pupils call themselves in the notebook."""
    return pupils[0].name if layout in ("canvas", "moodle") else pupils[0].login


def lay_out(layout: str, uploads: Sequence[Upload], folder: Path) -> None:
    """Write the export of `uploads` below `folder`, which must be empty or absent."""
    for path, content in _LAYOUTS[layout](uploads):
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def _canvas(uploads: Sequence[Upload]) -> Iterator[tuple[str, bytes]]:
    file = 70_000  # Canvas counts all files of all courses
    for upload in uploads:
        (pupil,) = upload.pupils
        before = f"{_squashed(pupil.name)}{'_LATE' if upload.late else ''}_{pupil.number}"
        for attempt, files in enumerate(f for f in (upload.earlier, upload.files) if f is not None):
            for name, content in files.items():
                file += 7
                again = _again(name) if attempt and name in (upload.earlier or {}) else name
                yield f"{before}_{file}_{again}", content


def _moodle(uploads: Sequence[Upload]) -> Iterator[tuple[str, bytes]]:
    for upload in uploads:
        (pupil,) = upload.pupils
        for name, content in upload.files.items():
            yield f"{pupil.name}_{pupil.number}_assignsubmission_file/{name}", content


def _gradescope(uploads: Sequence[Upload]) -> Iterator[tuple[str, bytes]]:
    known = {}
    for number, upload in enumerate(uploads, 301):
        known[f"submission_{number}"] = {
            ":submitters": [
                {":name": p.name, ":sid": str(p.number), ":email": f"{p.login}@uni.example"}
                for p in upload.pupils
            ],
            ":created_at": _moment(upload).isoformat(),
            ":history": [{":score": 0.0}] if upload.earlier is not None else [],
        }
        for name, content in upload.files.items():
            yield f"submission_{number}/{name}", content
    yield "submission_metadata.yml", json.dumps(known, indent=1).encode()  # JSON is YAML


def _blackboard(uploads: Sequence[Upload]) -> Iterator[tuple[str, bytes]]:
    for upload in uploads:
        (pupil,) = upload.pupils
        for days, files in ((2, upload.earlier), (0, upload.files)):
            if files is None:
                continue
            when = _moment(upload) - datetime.timedelta(days=days)
            before = f"Homework_3_{pupil.login}_attempt_{when:%Y-%m-%d-%H-%M-%S}"
            yield f"{before}.txt", f"Name: {pupil.name} ({pupil.login})\nAssignment: HW\n".encode()
            for name, content in files.items():
                yield f"{before}_{name}", content


def _nbgrader(uploads: Sequence[Upload]) -> Iterator[tuple[str, bytes]]:
    for upload in uploads:
        (pupil,) = upload.pupils
        place = f"submitted/{pupil.login}/{ASSIGNMENT}"
        yield f"{place}/timestamp.txt", f"{_moment(upload):%Y-%m-%d %H:%M:%S.%f} UTC".encode()
        for name, content in upload.files.items():
            yield f"{place}/{name}", content


def _folder(uploads: Sequence[Upload]) -> Iterator[tuple[str, bytes]]:
    for upload in uploads:
        (pupil,) = upload.pupils
        for name, content in upload.files.items():
            yield f"{pupil.login}/{name}", content


_LAYOUTS = {
    "canvas": _canvas,
    "moodle": _moodle,
    "gradescope": _gradescope,
    "blackboard": _blackboard,
    "nbgrader": _nbgrader,
    "folder": _folder,
}


def _squashed(name: str) -> str:
    """As Canvas writes a name: last name first, lower case, nothing between."""
    first, _, last = name.casefold().partition(" ")
    return f"{last}{first}"


def _again(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    return f"{stem}-1{dot}{extension}"


def _moment(upload: Upload) -> datetime.datetime:
    before = datetime.timedelta(
        hours=-3 if upload.late else 5, minutes=upload.pupils[0].number % 60
    )
    return _DUE - before
