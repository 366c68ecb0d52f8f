"""Open a submission: a folder, or an archive in a form that its first bytes show.

`contents` describes the result and what can go wrong.
"""

import io
import itertools
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from quantlab.errors import UnreadableSubmission
from quantlab.intake.contents import (
    LIMITS,
    PIECE,
    Budget,
    Contents,
    Entry,
    Limits,
    RefusedEntry,
    Spent,
    is_ignored,
    kind_of_mode,
    mib,
    sort_contents,
    split_path,
    why_refused,
)
from quantlab.intake.decompress import decompress
from quantlab.intake.file_kinds import recognize_kind
from quantlab.intake.names import quote_name
from quantlab.intake.tar_archive import BLOCK, is_tar, read_tar
from quantlab.intake.zip_archive import read_zip
from quantlab.intake.zips import DAMAGE

_COMPRESSED = ((b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"\xfd7zXZ\0", "xz"))
_SUFFIXES = (".gz", ".bz2", ".xz")  # of a single compressed file


@contextmanager
def open_contents(path: Path, limits: Limits = LIMITS) -> Iterator[Contents]:
    """Yield the contents of the folder or archive at `path`, readable in the context.

    Raise `UnreadableSubmission` if nothing can be used.
    """
    shown = quote_name(path.name or str(path))
    try:
        mode = os.lstat(path).st_mode
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or "its path is not valid"
        raise UnreadableSubmission(
            f"There is nothing to read at {quote_name(str(path), 200)} ({reason}): give the path "
            "of a submission, a folder or an archive."
        ) from error
    with ExitStack() as stack:
        if stat.S_ISDIR(mode):
            contents = _folder(path, shown, limits)
        elif stat.S_ISREG(mode):
            contents = _file(stack, path, shown, limits)
        else:
            raise UnreadableSubmission(
                f"The submission {shown} is {kind_of_mode(mode)}, which is not followed: give the "
                "path of the folder or archive itself."
            )
        if not contents.files and not contents.refused:
            raise UnreadableSubmission(
                f"The submission {shown} is empty: submit solution.py, answers.json, the models "
                "and the report."
            )
        yield contents


def archive_kind(beginning: bytes) -> str | None:
    """Return "zip", "tar", "gzip", "bzip2" or "xz" by the first 512 bytes; None for other files."""
    if beginning.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    for magic, kind in _COMPRESSED:
        if beginning.startswith(magic):
            return kind
    return "tar" if is_tar(beginning) else None


def read_archive(
    stack: ExitStack, stream: IO[bytes], name: str, shown: str, budget: Budget
) -> Contents:
    """Return the contents of the archive in a seekable stream, readable until `stack` is closed.

    `name` is its name and `shown` the quoted name for messages. Raise `UnreadableSubmission`, or
    `OSError` if the stream itself cannot be read.
    """
    beginning = stream.read(BLOCK)
    stream.seek(0)
    kind = archive_kind(beginning)
    try:
        if kind == "tar":
            return read_tar(stream, shown, budget)
        if kind in ("gzip", "bzip2", "xz"):
            return _compressed(decompress(stream, kind), name, shown, budget)
        return read_zip(stack, stream, shown, budget)
    except DAMAGE as error:
        raise UnreadableSubmission(_why_no_archive(shown, beginning, kind)) from error


def _compressed(stream: IO[bytes], name: str, shown: str, budget: Budget) -> Contents:
    """Return the contents of a compressed tar archive, or a single compressed file."""
    beginning = stream.read(BLOCK)
    whole = io.BufferedReader(_Chained(beginning, stream), PIECE)
    if is_tar(beginning):
        return read_tar(whole, shown, budget)
    content = bytearray()
    while piece := whole.read(PIECE):
        budget.spend(shown, unpacked=len(piece))
        if not budget.hold(len(piece)):
            raise UnreadableSubmission(
                f"The file {shown} holds more than {mib(budget.limits.memory)}: submit only the "
                "files that the assignment asks for."
            )
        content += piece
    budget.spend(shown, files=1)
    held = bytes(content)
    inner = _without_suffix(name)
    return sort_contents([Entry(inner, (inner,), lambda: io.BytesIO(held))], (), spent=budget.spent)


class _Chained(io.RawIOBase):
    """Read some bytes, then a stream."""

    def __init__(self, beginning: bytes, stream: IO[bytes]) -> None:
        self._streams: list[IO[bytes]] = [io.BytesIO(beginning), stream]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        while self._streams:
            if piece := self._streams[0].read(len(buffer)):
                buffer[: len(piece)] = piece
                return len(piece)
            self._streams.pop(0)
        return 0


def _without_suffix(name: str) -> str:
    base = (split_path(name) or ("file",))[-1]
    stem, suffix = os.path.splitext(base)
    return stem if suffix.casefold() in _SUFFIXES and stem else base


def _folder(root: Path, shown: str, limits: Limits) -> Contents:
    files: list[Entry] = []
    refused: list[RefusedEntry] = []
    budget = Budget(limits)
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(root.joinpath(*folder)) as listing:
                first = itertools.islice(listing, limits.members + 1)
                listed = [(entry.name, entry.stat(follow_symlinks=False)) for entry in first]
        except OSError as error:
            if not folder:
                raise UnreadableSubmission(
                    f"The folder {shown} can't be listed ({error.strerror}): make it readable for "
                    "the grader."
                ) from error
            refused.append(RefusedEntry("/".join(folder), "is a folder that can't be listed"))
            continue
        budget.spend(shown, files=len(listed))
        for name, status in listed:
            place = (*folder, name)
            path = "/".join(place)
            parts = split_path(path)
            if is_ignored(parts):
                continue
            reason = why_refused(path, parts, limits) or _not_its_own(status)
            if reason:
                refused.append(RefusedEntry(path, reason))
            elif stat.S_ISDIR(status.st_mode):
                waiting.append(place)
            else:
                budget.spend(shown, unpacked=status.st_size)
                files.append(Entry(path, parts, _opener(root.joinpath(*place))))
    return sort_contents(files, refused, spent=budget.spent)


def _file(stack: ExitStack, path: Path, shown: str, limits: Limits) -> Contents:
    try:
        stream = stack.enter_context(_opener(path)())
        size = os.fstat(stream.fileno()).st_size
        budget = Budget(limits, Spent(packed=size))
        if size > limits.total_bytes:
            budget.spend(shown, unpacked=size)
        return read_archive(stack, stream, path.name, shown, budget)
    except OSError as error:
        raise UnreadableSubmission(
            f"The file {shown} can't be read ({error.strerror}): make it readable for the grader."
        ) from error


def _why_no_archive(shown: str, beginning: bytes, kind: str | None) -> str:
    if not beginning:
        return f"The file {shown} has no bytes: the upload failed, submit it again."
    if kind or beginning.startswith(b"PK"):
        return (
            f"The {kind or 'zip'} file {shown} is damaged or was cut short: make it and submit it "
            "again."
        )
    described = recognize_kind(beginning)
    is_kind = f" (it is {described})" if described else ""
    return (
        f"The file {shown} is not an archive that is opened{is_kind}: submit a folder or a zip "
        "file."
    )


def _not_its_own(status: os.stat_result) -> str | None:
    """Return why an entry of a folder is not a plain folder or file."""
    if stat.S_ISDIR(status.st_mode):
        return None
    if not stat.S_ISREG(status.st_mode):
        return f"is {kind_of_mode(status.st_mode)}"
    return "is a hard link (the file has another name elsewhere)" if status.st_nlink > 1 else None


def _opener(path: Path) -> Callable[[], IO[bytes]]:
    """Return a function that opens the regular file at `path`; links and pipes are refused."""

    def open_it() -> IO[bytes]:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(f"{path.name} is no regular file")
        return os.fdopen(descriptor, "rb")

    return open_it
