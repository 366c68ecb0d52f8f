"""Read the export of a class, a folder or a zip file, of any course site.

The site is recognized by the names of the files, also inside one outer folder. The export stays
open until it is closed, and nothing is unpacked to disk.
"""

import io
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from autograder.errors import AutograderError
from autograder.platforms.blackboard import BLACKBOARD
from autograder.platforms.canvas import CANVAS
from autograder.platforms.export_entry import ExportEntry
from autograder.platforms.folder import FOLDER
from autograder.platforms.gradescope import GRADESCOPE
from autograder.platforms.moodle import MOODLE
from autograder.platforms.nbgrader import NBGRADER
from autograder.platforms.parsing import (
    CourseSite,
    ParsedEntry,
    ParsedExport,
    strip_folders,
    with_conflict,
)
from autograder.platforms.pulled_folder import PULLED
from quantlab.errors import UnreadableFile, UnreadableSubmission
from quantlab.intake.archive import open_contents, read_archive
from quantlab.intake.contents import LIMITS, Budget, Contents, Spent
from quantlab.intake.names import quote_name
from quantlab.intake.nested import has_archive_name, only_archive, open_nested
from quantlab.intake.submission import Submission, build_submission

_SYSTEMS = (PULLED, GRADESCOPE, NBGRADER, MOODLE, BLACKBOARD, CANVAS)
SOURCES = tuple(dict.fromkeys(system.name for system in (*_SYSTEMS, FOLDER)))
_ADVICE = "Pass the folder or zip file that the course site exports."
_DEEPEST = 3  # outer folders
_LARGEST_ARCHIVE = LIMITS.total_bytes
# A course site may export large files; the limits of a submission apply to each submission in it.
_LIMITS = replace(
    LIMITS,
    members=2_000_000,
    directory_bytes=1024 * 2**20,
    total_bytes=2**50,
    expansion=2**20,
    depth=LIMITS.depth + _DEEPEST + 1,
    base_names=False,  # a name must not move a file to another student
)


class BadExport(AutograderError):
    """The export can't be read; the message says why and what to do."""


@dataclass(frozen=True)
class Export(AbstractContextManager["Export"]):
    """Holds the latest submission of each student or group, ordered by student.

    `path` is the folder or zip file. `missing` are students without a submission, {member: site
    columns}; `problems` are sentences for staff on files that belong to no student. Submissions can
    be read while the export is open; it is a context manager.
    """

    path: Path
    source: str
    entries: tuple[ExportEntry, ...]
    missing: Mapping[str, Mapping[str, str]]
    problems: tuple[str, ...]
    _parsed: Mapping[str, ParsedEntry] = field(default_factory=dict, repr=False)
    _open: ExitStack = field(default_factory=ExitStack, repr=False)

    def __exit__(self, *error: object) -> None:
        """Close the export."""
        self.close()

    def close(self) -> None:
        """Close the zip file. No submission can be read afterwards."""
        self._open.close()

    def submission(self, entry: ExportEntry) -> Submission:
        """Read a submission. Raise `UnreadableSubmission` if it can't be read."""
        parsed = self._parsed[entry.student]
        with ExitStack() as stack:
            contents = self._contents(stack, entry)
            return build_submission(contents, parsed.who, parsed.other_ids, parsed.full_names)

    @contextmanager
    def files(self, entry: ExportEntry) -> Iterator[Contents]:
        """Yield the files of a submission, those of archives inside it included.

        Raises:
            UnreadableSubmission: it can't be read.
        """
        with ExitStack() as stack:
            yield open_nested(stack, self._contents(stack, entry))

    def _contents(self, stack: ExitStack, entry: ExportEntry) -> Contents:
        """Return the files of a submission; an archive that is the whole submission is opened."""
        contents, shown = self._parsed[entry.student].contents, quote_name(entry.path)
        only = only_archive(contents)
        if only is not None:
            try:
                packed = only.read(_LARGEST_ARCHIVE)
            except UnreadableFile as problem:
                raise UnreadableSubmission(f"The submission {shown} {problem}.") from problem
            budget = Budget(LIMITS, Spent(packed=len(packed)))
            contents = read_archive(stack, io.BytesIO(packed), only.name, shown, budget)
        if not contents.files and not contents.refused:
            raise UnreadableSubmission(
                f"The submission {shown} is empty. Submit solution.py, answers.json, the "
                "models and the report."
            )
        if len(contents.files) > LIMITS.members:
            raise UnreadableSubmission(
                f"The submission {shown} has more than {LIMITS.members:,} files. Submit only "
                "those that the assignment asks for."
            )
        return contents


def read_export(path: Path) -> Export:
    """Open the export at `path`, a folder or a zip file.

    Raises:
        BadExport: there is no submission in it, or it can't be read.
    """
    if not os.path.exists(path):
        raise BadExport(f"{path} does not exist. {_ADVICE}")
    if path.is_dir() and not os.listdir(path):
        raise BadExport(f"{path} is an empty folder. {_ADVICE}")
    with ExitStack() as stack:
        try:
            contents = stack.enter_context(open_contents(path, _LIMITS))
        except UnreadableSubmission as problem:
            raise BadExport(f"The export can't be read. {problem}") from problem
        system, contents = _recognize(contents)
        reading = _check(path, system, system.read(contents))
        if system is FOLDER:
            reading = replace(reading, problems=(*reading.problems, *_empty_folders(path)))
        ordered = tuple(sorted(reading.entries, key=lambda parsed: parsed.entry.student))
        return Export(
            path=path,
            source=system.name,
            entries=tuple(parsed.entry for parsed in ordered),
            missing=reading.missing,
            problems=reading.problems,
            _parsed={parsed.entry.student: parsed for parsed in ordered},
            _open=stack.pop_all(),
        )


def _recognize(contents: Contents) -> tuple[CourseSite, Contents]:
    """Return the site of the export, and its files without outer folders."""
    inside = contents
    for _ in range(_DEEPEST + 1):
        for system in _SYSTEMS:
            if system.recognizes(inside):
                return system, inside
        if len({entry.parts[0] for entry in inside.files}) != 1:
            break
        inside = strip_folders(inside, 1)
    return FOLDER, _without_a_folder_of_folders(contents)


def _without_a_folder_of_folders(contents: Contents) -> Contents:
    """Return the contents of an outer folder that contains only folders and archives.

    The folder of a single student contains files.
    """
    if len({entry.parts[0] for entry in contents.files}) != 1:
        return contents
    inside = strip_folders(contents, 1)
    folders = inside.files and all(
        len(e.parts) > 1 or has_archive_name(e.name) for e in inside.files
    )
    return _without_a_folder_of_folders(inside) if folders else contents


def _check(path: Path, system: CourseSite, reading: ParsedExport) -> ParsedExport:
    if not reading.entries:
        why = " ".join(reading.problems)
        raise BadExport(
            f"No submission was found in {quote_name(str(path), 200)}, read as {system.name}. "
            + (why or _ADVICE)
            + (" To grade a single submission, use grade." if system is FOLDER else "")
        )
    students: dict[str, ParsedEntry] = {}
    problems = list(reading.problems)
    for parsed in reading.entries:
        other = students.setdefault(parsed.entry.student, parsed)
        if other is not parsed:
            problem = (
                f"{quote_name(parsed.entry.path)} has the same id as "
                f"{quote_name(other.entry.path)}, {parsed.entry.student}; "
                "only the latter is graded."
            )
            problems.append(problem)
            students[parsed.entry.student] = with_conflict(other, problem)
    return replace(reading, entries=tuple(students.values()), problems=tuple(problems))


def _empty_folders(path: Path) -> list[str]:
    """Return a sentence for each empty folder: its student may expect a score."""
    try:
        names = [item.name for item in path.iterdir() if item.is_dir() and not any(item.iterdir())]
    except OSError:  # a zip file, or one that is already reported
        return []
    return [
        f"The folder {quote_name(name)} is empty: nothing was graded." for name in sorted(names)
    ]
