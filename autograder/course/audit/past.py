"""Read solutions of past terms: exports of earlier classes, or folders of .py files.

A folder of .py files is a collection of solutions, one a file, such as those of the handout family.
Anything else is read as the export of a course site, some of which contain .py files, too. A past
solution is called
"<folder>/<student id or file name>", and this name appears on staff pages only. Of folders with
equal names the name of the parent folder is added, or a number.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import AutograderError
from autograder.platforms import BadExport, read_export
from autograder.platforms.folder import FOLDER
from quantlab.errors import UnreadableSubmission
from quantlab.intake import decode_source

_LARGEST = 2**20  # bytes of a file


class BadPast(AutograderError):
    """A folder of a past term can't be read; the message says why and what to do."""


@dataclass(frozen=True)
class PastSolution:
    """Hold the name that staff read, and the text of a solution."""

    name: str
    text: str


@dataclass(frozen=True)
class PastTerm:
    """Hold the solutions of one folder; `skipped` are names of those that could not be read."""

    folder: str
    solutions: tuple[PastSolution, ...]
    skipped: tuple[str, ...] = ()


def read_past_terms(paths: Sequence[Path]) -> tuple[PastTerm, ...]:
    """Return the solutions of each path, under names that differ. Raise `BadPast`."""
    places = [path.resolve() for path in paths]
    last = [place.name for place in places]
    names = [
        f"{place.parent.name}/{place.name}" if last.count(place.name) > 1 else place.name
        for place in places
    ]
    terms = []
    for number, (path, name) in enumerate(zip(paths, names, strict=True), 1):
        unique = f"{name} ({number})" if names.count(name) > 1 else name
        terms.append(read_past(path, unique))
    return tuple(terms)


def read_past(path: Path, name: str = "") -> PastTerm:
    """Return the solutions in `path`, a folder of .py files, or an export.

    `name` is the first part of their names, if not that of the path.

    Raises:
        BadPast: Nothing there can be compared.
    """
    name = name or path.resolve().name
    try:
        files = _loose_files(path)
        read = list(_of_files(files, name) if files else _of_export(path, name))
    except (BadExport, OSError) as problem:
        raise BadPast(
            f"{path} can't be compared: {problem} --past takes an export of a course site, a "
            "folder of submissions, or a folder of .py files."
        ) from problem
    solutions = tuple(each for each in read if isinstance(each, PastSolution))
    if not solutions:
        raise BadPast(f"{path} contains no solution.py that can be read, so nothing is compared.")
    skipped = tuple(name for name in read if isinstance(name, str))
    return PastTerm(name, solutions, skipped)


def _loose_files(path: Path) -> list[Path]:
    """Return the .py files of a folder, unless they are files in the export of a course site."""
    files = sorted(path.glob("*.py")) if path.is_dir() else []
    with suppress(BadExport), read_export(path) as export:
        return files if export.source == FOLDER.name else []
    return files


def _of_files(files: list[Path], folder: str) -> Iterator[PastSolution | str]:
    for file in files:
        name = f"{folder}/{file.name}"
        try:
            with file.open("rb") as stream:
                content = stream.read(_LARGEST)
            yield PastSolution(name, decode_source.decode(content).text)
        except decode_source.BadSource:
            yield name


def _of_export(path: Path, folder: str) -> Iterator[PastSolution | str]:
    with read_export(path) as export:
        for entry in export.entries:
            name = f"{folder}/{entry.student}"
            try:
                text = export.submission(entry).solution
            except UnreadableSubmission:
                text = None
            yield name if text is None else PastSolution(name, text)
