"""The export of a whole class, a folder or a zip file, whichever system it comes from.

The system is recognised by the names of the files; one folder around everything is seen through.
The export stays open until it is closed, and nothing of it is unpacked to disk. `BadExport` is
raised where there is nothing to read; what is odd about a part of it stands in `problems`.
"""

import io
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType

from autograder.intake.archive import (
    LIMITS,
    Contents,
    UnreadableFile,
    UnreadableSubmission,
    open_contents,
    zip_contents,
)
from autograder.intake.names import quote_name
from autograder.intake.nested import is_zip, only_zip
from autograder.intake.submission import Submission, build_submission
from autograder.platforms.blackboard import BLACKBOARD
from autograder.platforms.canvas import CANVAS
from autograder.platforms.export_entry import ExportEntry
from autograder.platforms.folder import FOLDER
from autograder.platforms.gradescope import GRADESCOPE
from autograder.platforms.moodle import MOODLE
from autograder.platforms.nbgrader import NBGRADER
from autograder.platforms.parsing import Found, Reading, System, below, contested

_SYSTEMS = (GRADESCOPE, NBGRADER, MOODLE, BLACKBOARD, CANVAS)
SOURCES = tuple(system.name for system in (*_SYSTEMS, FOLDER))
_DEEPEST = 3  # folders around everything
_LARGEST_ZIP = LIMITS.total_bytes
# An export is the course site's own, so that its size says nothing against it; each hand-in in it
# is held to the limits of a hand-in.
_LIMITS = replace(
    LIMITS,
    members=2_000_000,
    directory_bytes=1024 * 2**20,
    total_bytes=2**50,
    expansion=2**20,
    depth=LIMITS.depth + _DEEPEST + 1,
)


class BadExport(Exception):
    """Nothing can be read from the export; the message says why and what to do."""


@dataclass(frozen=True)
class Export:
    """What an export holds: one hand-in per student or group, the latest, ordered by student.

    `missing` are students whom it names without a submission, as `ExportEntry.lms` has them;
    `problems` are sentences for staff about what could not be placed. A context manager: hand-ins
    can be read while it is open.
    """

    source: str
    handins: tuple[ExportEntry, ...]
    missing: Mapping[str, Mapping[str, str]]
    problems: tuple[str, ...]
    _found: Mapping[str, Found] = field(default_factory=dict, repr=False)
    _open: ExitStack = field(default_factory=ExitStack, repr=False)

    def __enter__(self) -> "Export":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the zip file; no hand-in can be read afterwards."""
        self._open.close()

    def submission(self, handin: ExportEntry) -> Submission:
        """What the intake makes of a hand-in. Raises `UnreadableSubmission`."""
        found, shown = self._found[handin.student], quote_name(handin.path)
        contents = found.contents
        with ExitStack() as stack:
            only = only_zip(contents)
            if only is not None:
                try:
                    stream = io.BytesIO(only.read(_LARGEST_ZIP))
                except UnreadableFile as problem:
                    raise UnreadableSubmission(f"The submission {shown} {problem}.") from problem
                contents = zip_contents(stack, stream, shown, LIMITS)
            if not contents.files and not contents.refused:
                raise UnreadableSubmission(
                    f"The submission {shown} is empty: hand in solution.py, answers.json, the "
                    "models and the report."
                )
            if len(contents.files) > LIMITS.members:
                raise UnreadableSubmission(
                    f"The submission {shown} has more than {LIMITS.members:,} files: hand in only "
                    "those that the assignment asks for."
                )
            return build_submission(contents, found.who, found.other_ids, found.full_names)


def read_export(path: Path) -> Export:
    """The export at `path`, a folder or a zip file. Raises `BadExport`."""
    with ExitStack() as stack:
        try:
            contents = stack.enter_context(open_contents(path, _LIMITS))
        except UnreadableSubmission as problem:
            raise BadExport(f"The export can't be read. {problem}") from problem
        system, contents = _recognised(contents)
        reading = _checked(path, system, system.read(contents))
        if system is FOLDER:
            reading = replace(reading, problems=(*reading.problems, *_empty_folders(path)))
        ordered = tuple(sorted(reading.found, key=lambda one: one.handin.student))
        return Export(
            source=system.name,
            handins=tuple(one.handin for one in ordered),
            missing=reading.missing,
            problems=reading.problems,
            _found={one.handin.student: one for one in ordered},
            _open=stack.pop_all(),
        )


def _recognised(contents: Contents) -> tuple[System, Contents]:
    """The system whose export it is, and the listing from where its names begin."""
    inside = contents
    for _ in range(_DEEPEST + 1):
        for system in _SYSTEMS:
            if system.recognises(inside):
                return system, inside
        if len({entry.parts[0] for entry in inside.files}) != 1:
            break
        inside = below(inside, 1)
    return FOLDER, _without_a_folder_of_folders(contents)


def _without_a_folder_of_folders(contents: Contents) -> Contents:
    """Seen through the one folder at the top, if nothing but folders and zips lies in it.

    A single student's folder has files in it.
    """
    if len({entry.parts[0] for entry in contents.files}) != 1:
        return contents
    inside = below(contents, 1)
    folders = inside.files and all(len(e.parts) > 1 or is_zip(e) for e in inside.files)
    return _without_a_folder_of_folders(inside) if folders else contents


def _checked(path: Path, system: System, reading: Reading) -> Reading:
    if not reading.found:
        why = " ".join(reading.problems)
        raise BadExport(
            f"No hand-in was found in {quote_name(str(path), 200)}, read as {system.name}. "
            + (why or "Give the folder or zip file that the course site exports.")
        )
    students: dict[str, Found] = {}
    problems = list(reading.problems)
    for one in reading.found:
        other = students.setdefault(one.handin.student, one)
        if other is not one:
            problem = (
                f"{quote_name(one.handin.path)} goes by the same id as "
                f"{quote_name(other.handin.path)}, {one.handin.student}; only the latter is marked."
            )
            problems.append(problem)
            students[one.handin.student] = contested(other, problem)
    return replace(reading, found=tuple(students.values()), problems=tuple(problems))


def _empty_folders(path: Path) -> list[str]:
    """Somebody may wait for the mark of a folder in which nothing arrived."""
    try:
        names = [one.name for one in path.iterdir() if one.is_dir() and not any(one.iterdir())]
    except OSError:  # a zip file; one that can't be listed has been told of
        return []
    return [
        f"The folder {quote_name(name)} is empty: nothing was marked." for name in sorted(names)
    ]
