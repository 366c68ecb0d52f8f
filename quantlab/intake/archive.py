"""Read a folder or a zip file from a student as named files, under limits.

Nothing is unpacked to disk, no link is followed and no header is trusted: a file is read in pieces
until it ends or reaches its limit. What can go wrong:

    - the whole submission cannot be used: it does not exist, is a link, is empty, is no zip file,
      is damaged, has a password, or is a zip bomb -> `UnreadableSubmission`;
    - one entry must not be used: its name leads out of the archive, it is a link or a device, it is
      nested too deep -> it is in `refused` with the reason, not in `files`;
    - one file cannot be read: too large, damaged, no permission -> `UnreadableFile` from `read`.
"""

import itertools
import os
import re
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from quantlab.errors import UnreadableFile, UnreadableSubmission
from quantlab.intake.file_kinds import recognize_kind
from quantlab.intake.names import quote_name
from quantlab.intake.zips import DAMAGE, open_zip

MIB = 2**20
_PIECE = 64 * 1024  # bytes read at once
_IGNORED = {"__macosx", "__pycache__", "thumbs.db", "desktop.ini"}


@dataclass(frozen=True)
class Limits:
    """Bound how much of a submission is read. A normal submission stays far below all limits."""

    members: int = 10_000  # a submission has a dozen; a whole working copy some hundred
    directory_bytes: int = 8 * MIB  # the list of a zip's members: 10,000 of the longest names
    total_bytes: int = 500 * MIB  # unpacked; the kit with CIFAR-10 and every model fits
    expansion: int = 100  # unpacked to packed; text packs 10 to 1, weights hardly
    expansion_from: int = 64 * MIB  # unpacked bytes that are always accepted
    depth: int = 32  # folders in folders
    name_bytes: int = 255  # of one file or folder: what file systems allow
    solution: int = MIB  # bytes; the reference has some 20,000
    answers: int = MIB  # bytes; a full one has some 3,000
    model: int = 32 * MIB  # bytes; float32 ResNet-20 has 1.1 million, with optimizer state 3 times


LIMITS = Limits()


@dataclass(frozen=True)
class Entry:
    """Hold a regular file. `path` is its name as written; `parts` its folders and base name."""

    path: str
    parts: tuple[str, ...]
    open: Callable[[], IO[bytes]]

    @property
    def name(self) -> str:
        """Return the base name."""
        return self.parts[-1]

    def read(self, limit: int) -> bytes:
        """Return all bytes if there are at most `limit`. Raise `UnreadableFile` otherwise."""
        content = bytearray()
        try:
            with self.open() as stream:
                while piece := stream.read(_PIECE):
                    content += piece
                    if len(content) > limit:
                        raise UnreadableFile(
                            f"is larger than {_mib(limit)}: submit one with nothing in it but "
                            "what is asked for"
                        )
        except PermissionError as error:
            raise UnreadableFile("can't be read by the grader: change its permissions") from error
        except DAMAGE as error:
            raise UnreadableFile("is damaged or was cut short: submit it again") from error
        return bytes(content)


@dataclass(frozen=True)
class RefusedEntry:
    """Hold an entry that is not used; `reason` completes a sentence that begins with "it"."""

    path: str
    reason: str

    @property
    def name(self) -> str:
        """Return the base name."""
        parts = _parts(self.path)
        return parts[-1] if parts else ""

    @property
    def sentence(self) -> str:
        """Return the sentence that names the entry and the reason."""
        return f"{quote_name(self.path)} was not used: it {self.reason}."


@dataclass(frozen=True)
class Contents:
    """Hold the usable files of a submission and the refused entries, sorted by path."""

    files: tuple[Entry, ...]
    refused: tuple[RefusedEntry, ...]


@contextmanager
def open_contents(path: Path, limits: Limits = LIMITS) -> Iterator[Contents]:
    """Yield the contents of the folder or zip file at `path`, readable in the context.

    Raise `UnreadableSubmission` if nothing can be used.
    """
    shown = quote_name(path.name or str(path))
    try:
        mode = os.lstat(path).st_mode
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or "its path is not valid"
        raise UnreadableSubmission(
            f"There is nothing to read at {quote_name(str(path), 200)} ({reason}): give the path "
            "of a submission, a folder or a zip file."
        ) from error
    with ExitStack() as stack:
        if stat.S_ISDIR(mode):
            contents = _folder(path, shown, limits)
        elif stat.S_ISREG(mode):
            contents = _zip(stack, path, shown, limits)
        else:
            raise UnreadableSubmission(
                f"The submission {shown} is {_kind(mode)}, which is not followed: give the path "
                "of the folder or zip file itself."
            )
        if not contents.files and not contents.refused:
            raise UnreadableSubmission(
                f"The submission {shown} is empty: submit solution.py, answers.json, the models "
                "and the report."
            )
        yield contents


def _folder(root: Path, shown: str, limits: Limits) -> Contents:
    files: list[Entry] = []
    refused: list[RefusedEntry] = []
    total = count = 0
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
        count += len(listed)
        _check_count(count, shown, limits)
        for name, status in listed:
            place = (*folder, name)
            path = "/".join(place)
            parts = _parts(path)
            if _is_ignored(parts):
                continue
            reason = _unsafe(path, parts, limits) or _not_its_own(status)
            if reason:
                refused.append(RefusedEntry(path, reason))
            elif stat.S_ISDIR(status.st_mode):
                waiting.append(place)
            else:
                total += status.st_size
                files.append(Entry(path, parts, _opener(root.joinpath(*place))))
    _check_total(total, shown, limits)
    return _sorted(files, refused)


def _zip(stack: ExitStack, path: Path, shown: str, limits: Limits) -> Contents:
    try:
        stream = stack.enter_context(_opener(path)())
        return zip_contents(stack, stream, shown, limits)
    except OSError as error:
        raise UnreadableSubmission(
            f"The file {shown} can't be read ({error.strerror}): make it readable for the grader."
        ) from error


def zip_contents(
    stack: ExitStack, stream: IO[bytes], shown: str, limits: Limits = LIMITS
) -> Contents:
    """Return the contents of the zip in a seekable stream, readable until `stack` is closed.

    `shown` is its quoted name for messages. Raise `UnreadableSubmission`, or `OSError` if the
    stream itself cannot be read.
    """
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    beginning = stream.read(512)
    stream.seek(0)
    _check_total(size, shown, limits)
    try:
        archive = stack.enter_context(open_zip(stream, limits.directory_bytes))
    except DAMAGE as error:
        raise UnreadableSubmission(_why_no_zip(shown, beginning)) from error
    members = archive.infolist()
    _check_count(len(members), shown, limits)
    if any(member.flag_bits & 0x1 for member in members):
        raise UnreadableSubmission(
            f"The zip file {shown} is protected by a password: make it again without one."
        )
    total = sum(member.file_size for member in members)
    _check_total(total, shown, limits)
    if total > limits.expansion_from and total > limits.expansion * size:
        raise UnreadableSubmission(
            f"The zip file {shown} would unpack to more than {limits.expansion} times its size: "
            "submit only the files that the assignment asks for."
        )
    files: list[Entry] = []
    refused: list[RefusedEntry] = []
    for member in members:
        name = member.orig_filename  # zipfile cuts `filename` at a NUL
        parts = _parts(name)
        if _is_ignored(parts):
            continue
        reason = _unsafe(name, parts, limits) or _not_plain(member)
        if reason:
            refused.append(RefusedEntry(name, reason))
        elif parts and not name.endswith(("/", "\\")):
            files.append(Entry(name, parts, _member_opener(archive, member)))
    return _sorted(files, refused)


def _why_no_zip(shown: str, beginning: bytes) -> str:
    if not beginning:
        return f"The file {shown} has no bytes: the upload failed, submit it again."
    if beginning.startswith(b"PK"):
        return f"The zip file {shown} is damaged or was cut short: make it and submit it again."
    kind = recognize_kind(beginning)
    is_kind = f" (it is {kind})" if kind else ""
    return f"The file {shown} is not a zip file{is_kind}: submit a folder or a zip file."


def _check_count(count: int, shown: str, limits: Limits) -> None:
    if count > limits.members:
        raise UnreadableSubmission(
            f"The submission {shown} has more than {limits.members:,} files: submit only those "
            "that the assignment asks for."
        )


def _check_total(total: int, shown: str, limits: Limits) -> None:
    if total > limits.total_bytes:
        raise UnreadableSubmission(
            f"The submission {shown} has more than {_mib(limits.total_bytes)}: submit only the "
            "files that the assignment asks for."
        )


def _parts(path: str) -> tuple[str, ...]:
    """Return folders and base name. Some Windows programs write backslashes into a zip."""
    return tuple(part for part in re.split(r"[/\\]", path) if part not in ("", "."))


def _is_ignored(parts: tuple[str, ...]) -> bool:
    """Whether an operating system, an editor or Python created it, not the student."""
    if ".." in parts:
        return False
    return any(part.startswith(".") or part.casefold() in _IGNORED for part in parts)


def _unsafe(path: str, parts: tuple[str, ...], limits: Limits) -> str | None:
    if "\0" in path:
        return "has a NUL in its name"
    if path.startswith(("/", "\\")) or re.match("[A-Za-z]:", path):
        return "has an absolute path"
    if ".." in parts:
        return "leads out of the submission"
    if len(parts) > limits.depth:
        return "lies too deep in folders"
    if any(len(part.encode("utf-8", "surrogatepass")) > limits.name_bytes for part in parts):
        return "has too long a name"
    return None


def _not_its_own(status: os.stat_result) -> str | None:
    """Return why an entry of a folder is not a plain folder or file."""
    if stat.S_ISDIR(status.st_mode):
        return None
    if not stat.S_ISREG(status.st_mode):
        return f"is {_kind(status.st_mode)}"
    return "is a hard link (the file has another name elsewhere)" if status.st_nlink > 1 else None


def _not_plain(member: zipfile.ZipInfo) -> str | None:
    mode = member.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return f"is {_kind(mode)}"
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # LZMA lets an archive choose how much memory unpacking takes.
        return "is compressed in an unusual way (make the zip with the system's own program)"
    return None


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFLNK: "a symbolic link",
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "no regular file")


def _opener(path: Path) -> Callable[[], IO[bytes]]:
    """Return a function that opens the regular file at `path`; links and pipes are refused."""

    def open_it() -> IO[bytes]:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(f"{path.name} is no regular file")
        return os.fdopen(descriptor, "rb")

    return open_it


def _member_opener(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    return lambda: archive.open(member)


def _sorted(files: list[Entry], refused: list[RefusedEntry]) -> Contents:
    return Contents(
        tuple(sorted(files, key=lambda entry: entry.path)),
        tuple(sorted(refused, key=lambda entry: (entry.path, entry.reason))),
    )


def _mib(size: int) -> str:
    return f"{size / MIB:g} MiB"
