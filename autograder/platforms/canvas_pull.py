"""Fetch the submissions of a Canvas assignment into a folder that `batch` reads.

The list is written first, as incomplete, then file after file, then the list again. After an
interruption the same call continues: files that are there with the right size are kept. A file that
Canvas refuses, or that is larger than a submission may be, is listed with the reason; the
submission then needs review. Files have mode 0600, folders 0700.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

import requests

from autograder.platforms.canvas_api import NEW_TOKEN, Listing, explained_errors, list_submissions
from autograder.platforms.canvas_http import CanvasError, Note, new_session
from autograder.platforms.pulled_folder import (
    FILES,
    INDEX,
    Pulled,
    PulledFile,
    PulledSubmission,
    index_text,
    read_index,
)
from quantlab.atomic_files import write_atomically
from quantlab.intake.contents import LIMITS, PIECE, mib
from quantlab.intake.names import quote_name

ShowProgress = Callable[[str, int], AbstractContextManager[Callable[[], None]]]
_TRIES = 3  # of one file that arrives cut short
_MOST_FAILURES = 3  # files in a row; fewer are a matter of these files
_PRIVATE_FILE, _PRIVATE_FOLDER = 0o600, 0o700


@dataclass(frozen=True)
class PullResult:
    """Holds what was pulled: files fetched now, files kept from before, sentences on problems."""

    pulled: Pulled
    fetched: int
    kept: int
    problems: tuple[str, ...]


class _Refused(Exception):
    """A file can't be fetched; the message completes a sentence that begins with "it"."""

    def __init__(self, message: str, by_failure: bool = False) -> None:
        """Hold the message, and whether the server itself failed."""
        super().__init__(message)
        self.by_failure = by_failure


def pull_submissions(
    base: str,
    token: str,
    course: int,
    assignment: int,
    folder: Path,
    show_progress: ShowProgress,
    note: Note = lambda line: None,
) -> PullResult:
    """Fetch an assignment into `folder`, made if absent.

    Raises:
        CanvasError: Canvas can't be used, or the folder contains something else.
        OSError: a file can't be written.
    """
    _refuse_other_folder(folder, course, assignment)
    with new_session(base, token, note) as session:
        listing = list_submissions(session, base, course, assignment)
        pulled = _within_limits(listing.pulled)
        for place in (folder, folder / FILES):
            place.mkdir(parents=True, exist_ok=True)
            place.chmod(_PRIVATE_FOLDER)
        _write(folder / INDEX, index_text(pulled))
        wanted = [file for file in _files(pulled) if not file.problem]
        missing = [file for file in wanted if not _is_there(folder, file)]
        _refuse_full_disk(folder, missing)
        with show_progress("Files", len(missing)) as advance:
            refused = _fetch_all(session, listing, missing, folder, advance)
    pulled = replace(_with_problems(pulled, refused), complete=True)
    _remove_stale(folder, pulled)
    _write(folder / INDEX, index_text(pulled))
    return PullResult(
        pulled, len(missing) - len(refused), len(wanted) - len(missing), tuple(_problems(pulled))
    )


def _problems(pulled: Pulled) -> Iterator[str]:
    for item in pulled.submissions:
        student = item.members[0].student.value
        for file in item.files:
            if file.problem:
                yield f"{quote_name(file.name)} of {student} was not fetched: it {file.problem}."


def _refuse_other_folder(folder: Path, course: int, assignment: int) -> None:
    """Raise `CanvasError` unless the folder is new, empty or of the same assignment."""
    if folder.exists() and not folder.is_dir():
        raise CanvasError(f"{folder} is a file. Name a folder with --out.")
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    try:
        earlier = read_index((folder / INDEX).read_bytes())
    except (FileNotFoundError, ValueError) as error:
        raise CanvasError(
            f"{folder} contains other files. Name an empty or new folder with --out."
        ) from error
    if (earlier.course, earlier.assignment) != (course, assignment):
        raise CanvasError(
            f"{folder} contains assignment {earlier.assignment} of course {earlier.course}. Name "
            "another folder with --out."
        )


def _within_limits(pulled: Pulled) -> Pulled:
    """Return the list with a problem for each file beyond the limits of a submission."""
    refused: dict[str, str] = {}
    for item in pulled.submissions:
        total = 0
        for number, file in enumerate(item.files, 1):
            if number > LIMITS.members:
                refused[file.path] = f"is one of more than {LIMITS.members:,} files"
            elif total + file.size > LIMITS.total_bytes:
                refused[file.path] = f"makes the submission larger than {mib(LIMITS.total_bytes)}"
            else:
                total += file.size
    return _with_problems(pulled, refused)


def _with_problems(pulled: Pulled, problems: Mapping[str, str]) -> Pulled:
    def checked(item: PulledSubmission) -> PulledSubmission:
        files = (
            replace(file, problem=problems[file.path]) if file.path in problems else file
            for file in item.files
        )
        return replace(item, files=tuple(files))

    return replace(pulled, submissions=tuple(checked(item) for item in pulled.submissions))


def _files(pulled: Pulled) -> Iterator[PulledFile]:
    for item in pulled.submissions:
        yield from item.files


def _is_there(folder: Path, file: PulledFile) -> bool:
    place = folder / file.path
    return place.is_file() and not place.is_symlink() and place.stat().st_size == file.size


def _refuse_full_disk(folder: Path, missing: list[PulledFile]) -> None:
    needed, free = sum(file.size for file in missing), shutil.disk_usage(folder).free
    if needed > free:
        raise CanvasError(
            f"{folder} has {mib(free // 2**20 * 2**20)} free, and the files need "
            f"{mib(-(-needed // 2**20) * 2**20)}. Free some space or choose another folder."
        )


def _fetch_all(
    session: requests.Session,
    listing: Listing,
    missing: list[PulledFile],
    folder: Path,
    advance: Callable[[], None],
) -> dict[str, str]:
    """Fetch the files and return {path: why it can't be fetched}."""
    refused: dict[str, str] = {}
    failures = 0  # of the server, one after the other
    for file in missing:
        try:
            if file.path in listing.typed:
                _write(folder / file.path, listing.typed[file.path])
            else:
                _fetch(session, listing.addresses[file.id], folder, file)
            failures = 0
        except _Refused as reason:
            refused[file.path] = str(reason)
            failures = failures + 1 if reason.by_failure else 0
        if failures == _MOST_FAILURES:
            raise CanvasError(
                "Canvas can't send files now. Run the same command again later to resume."
            )
        advance()
    return refused


def _fetch(session: requests.Session, address: str, folder: Path, file: PulledFile) -> None:
    """Fetch one file. Raise `_Refused` if this file alone can't be fetched."""
    for number in range(_TRIES):
        try:
            with (
                explained_errors("files"),
                session.get(
                    address, stream=True, headers={"Accept-Encoding": "identity"}
                ) as response,
            ):
                _refuse_status(response)
                write_atomically(folder / file.path, partial(_copy, response, file), _PRIVATE_FILE)
            return
        except _CutShort:
            if number == _TRIES - 1:
                raise _Refused(
                    f"does not have the {file.size:,} bytes that Canvas lists: pull again later"
                ) from None


class _CutShort(Exception):
    """A file arrived with fewer or more bytes than Canvas lists."""


def _copy(response: requests.Response, file: PulledFile, stream: BinaryIO) -> None:
    size = 0
    try:
        for piece in response.iter_content(PIECE):
            size += len(piece)
            if size > file.size:
                raise _CutShort
            stream.write(piece)
    except (requests.exceptions.ChunkedEncodingError, requests.ConnectionError) as error:
        raise _CutShort from error
    if size != file.size:
        raise _CutShort


def _refuse_status(response: requests.Response) -> None:
    status = response.status_code
    if status == requests.codes.unauthorized:
        raise CanvasError(NEW_TOKEN)
    if status >= 500 or status == requests.codes.too_many:
        raise _Refused(
            f"can't be sent by Canvas now (status {status}): pull again later", by_failure=True
        )
    if status != requests.codes.ok:
        raise _Refused(f"is refused by Canvas (status {status}): look at it there")


def _remove_stale(folder: Path, pulled: Pulled) -> None:
    """Remove the files of earlier attempts: batch would report them as belonging to no student."""
    listed = {file.path for file in _files(pulled) if not file.problem}
    for place in (folder / FILES).iterdir():
        if f"{FILES}/{place.name}" not in listed and not place.is_dir():
            place.unlink()


def _write(place: Path, content: bytes) -> None:
    write_atomically(place, lambda stream: stream.write(content), _PRIVATE_FILE)
