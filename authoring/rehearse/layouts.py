"""Write uploads of fictional students as each course site would export them.

It shares no code with `autograder.platforms`, so that tests can compare what a reader returns with
what was written.
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
class FictionalStudent:
    """A fictional student; `ascii_name` is the full name as a site without accents writes it."""

    number: int
    name: str
    ascii_name: str

    @property
    def login(self) -> str:
        """Return the account name, such as "alovelace1000"."""
        first, _, last = self.ascii_name.casefold().partition(" ")
        return f"{first[0]}{last}{self.number}"


@dataclass(frozen=True)
class Upload:
    """The latest files of a student or group, and those of an earlier attempt."""

    students: tuple[FictionalStudent, ...]
    files: Files
    earlier: Files | None = None
    late: bool = False


def student_id(layout: str, students: Sequence[FictionalStudent]) -> str:
    """Return the id under which the upload of these students is graded."""
    if layout == "gradescope":
        return "-".join(sorted(student.login for student in students))
    (student,) = students
    if layout == "canvas":
        return f"{_canvas_name(student.ascii_name)}_{student.number}"
    if layout == "moodle":
        return f"{student.ascii_name.replace(' ', '-')}-{student.number}"
    return student.login


def notebook_id(layout: str, students: Sequence[FictionalStudent]) -> str:
    """Return the student id that these students enter in the notebook."""
    return students[0].name if layout in ("canvas", "moodle") else students[0].login


def write_export(layout: str, uploads: Sequence[Upload], folder: Path) -> None:
    """Write the export of `uploads` below `folder`, which must be empty or absent."""
    for path, content in _LAYOUTS[layout](uploads):
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def _canvas(uploads: Sequence[Upload]) -> Iterator[tuple[str, bytes]]:
    file = 70_000  # Canvas numbers the files of all courses
    for upload in uploads:
        (student,) = upload.students
        before = f"{_canvas_name(student.name)}{'_LATE' if upload.late else ''}_{student.number}"
        for attempt, files in enumerate(f for f in (upload.earlier, upload.files) if f is not None):
            for name, content in files.items():
                file += 7
                written = _resubmitted(name) if attempt and name in (upload.earlier or {}) else name
                yield f"{before}_{file}_{written}", content


def _moodle(uploads: Sequence[Upload]) -> Iterator[tuple[str, bytes]]:
    for upload in uploads:
        (student,) = upload.students
        for name, content in upload.files.items():
            yield f"{student.name}_{student.number}_assignsubmission_file/{name}", content


def _gradescope(uploads: Sequence[Upload]) -> Iterator[tuple[str, bytes]]:
    metadata = {}
    for number, upload in enumerate(uploads, 301):
        metadata[f"submission_{number}"] = {
            ":submitters": [
                {":name": p.name, ":sid": str(p.number), ":email": f"{p.login}@uni.example"}
                for p in upload.students
            ],
            ":created_at": _moment(upload).isoformat(),
            ":history": [{":score": 0.0}] if upload.earlier is not None else [],
        }
        for name, content in upload.files.items():
            yield f"submission_{number}/{name}", content
    yield "submission_metadata.yml", json.dumps(metadata, indent=1).encode()  # JSON is YAML


def _blackboard(uploads: Sequence[Upload]) -> Iterator[tuple[str, bytes]]:
    for upload in uploads:
        (student,) = upload.students
        for days, files in ((2, upload.earlier), (0, upload.files)):
            if files is None:
                continue
            when = _moment(upload) - datetime.timedelta(days=days)
            before = f"Homework_3_{student.login}_attempt_{when:%Y-%m-%d-%H-%M-%S}"
            yield (
                f"{before}.txt",
                f"Name: {student.name} ({student.login})\nAssignment: HW\n".encode(),
            )
            for name, content in files.items():
                yield f"{before}_{name}", content


def _nbgrader(uploads: Sequence[Upload]) -> Iterator[tuple[str, bytes]]:
    for upload in uploads:
        (student,) = upload.students
        place = f"submitted/{student.login}/{ASSIGNMENT}"
        yield f"{place}/timestamp.txt", f"{_moment(upload):%Y-%m-%d %H:%M:%S.%f} UTC".encode()
        for name, content in upload.files.items():
            yield f"{place}/{name}", content


def _folder(uploads: Sequence[Upload]) -> Iterator[tuple[str, bytes]]:
    for upload in uploads:
        (student,) = upload.students
        for name, content in upload.files.items():
            yield f"{student.login}/{name}", content


_LAYOUTS = {
    "canvas": _canvas,
    "moodle": _moodle,
    "gradescope": _gradescope,
    "blackboard": _blackboard,
    "nbgrader": _nbgrader,
    "folder": _folder,
}


def _canvas_name(name: str) -> str:
    """Return a name as Canvas writes it: last name first, lower case, nothing between."""
    first, _, last = name.casefold().partition(" ")
    return f"{last}{first}"


def _resubmitted(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    return f"{stem}-1{dot}{extension}"


def _moment(upload: Upload) -> datetime.datetime:
    before = datetime.timedelta(
        hours=-3 if upload.late else 5, minutes=upload.students[0].number % 60
    )
    return _DUE - before
