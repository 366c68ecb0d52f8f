"""Define what a submission is made of before its files have roles: entries, under limits.

Nothing is unpacked to disk, no link is followed and no header is trusted: a file is read in pieces
until it ends or reaches its limit. What can go wrong:

    - the whole submission cannot be used: it does not exist, is a link, is empty, is no archive,
      is damaged, has a password, or is an archive bomb -> `UnreadableSubmission`;
    - one entry must not be used: it is a link or a device, it is nested too deep -> it is in
      `refused` with the reason, not in `files`;
    - one file cannot be read: too large, damaged, no permission -> `UnreadableFile` from `read`.
"""

import re
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import IO

from quantlab.errors import UnreadableFile, UnreadableSubmission
from quantlab.intake.names import quote_name
from quantlab.intake.zips import DAMAGE

MIB = 2**20
PIECE = 64 * 1024  # bytes read at once
# Folders that an operating system, an editor, Python or a package manager fills.
_IGNORED = frozenset(
    {"__macosx", "__pycache__", "thumbs.db", "desktop.ini", "venv", "virtualenv"}
    | {"site-packages", "dist-packages", "node_modules"}
    | {"cifar-10-batches-py", "cifar-10-batches-bin"}
)
_DRIVE = re.compile("[A-Za-z]:")


@dataclass(frozen=True)
class Limits:
    """Bound how much of a submission is read. A normal submission stays far below all limits.

    The limits hold for a submission with every archive inside it.
    """

    members: int = 10_000  # a submission has a dozen; a whole working copy some hundred
    directory_bytes: int = 8 * MIB  # the list of a zip's members: 10,000 of the longest names
    total_bytes: int = 500 * MIB  # unpacked; the kit with CIFAR-10 and every model fits
    expansion: int = 100  # unpacked to packed; text packs 10 to 1, weights hardly
    expansion_from: int = 64 * MIB  # unpacked bytes below which the ratio does not matter
    memory: int = 256 * MIB  # bytes of inner archives and of tar archives, held in memory
    archives: int = 8  # archives in archives; more are no submission
    levels: int = 3  # archives in each other
    depth: int = 32  # folders in folders
    name_bytes: int = 255  # of one file or folder: what file systems allow
    base_names: bool = True  # use the last part of a name that leads out of an archive
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
                while piece := stream.read(PIECE):
                    content += piece
                    if len(content) > limit:
                        raise UnreadableFile(
                            f"is larger than {mib(limit)}: submit one with nothing in it but "
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
        parts = split_path(self.path)
        return parts[-1] if parts else ""

    @property
    def sentence(self) -> str:
        """Return the sentence that names the entry and the reason."""
        return f"{quote_name(self.path)} was not used: it {self.reason}."


@dataclass(frozen=True)
class Spent:
    """Hold how much of the limits is used up.

    `unpacked` are bytes, `packed` those of the archive that they came from, 0 for a folder.
    """

    files: int = 0
    unpacked: int = 0
    packed: int = 0


@dataclass(frozen=True)
class Contents:
    """Hold the usable files of a submission and the refused entries, sorted by path.

    `opened` are the paths of the archives inside it that were opened.
    """

    files: tuple[Entry, ...]
    refused: tuple[RefusedEntry, ...]
    opened: tuple[str, ...] = ()
    spent: Spent = Spent()


class Budget:
    """Count what is read of a submission, and refuse more than its limits allow."""

    def __init__(self, limits: Limits, spent: Spent = Spent()) -> None:
        """Start from what is already spent."""
        self.limits = limits
        self.spent = spent
        self._before = 0  # bytes that were unpacked from other archives
        self._held = 0

    def enter(self, size: int) -> None:
        """Compare what follows with the size of an archive that is not inside another one."""
        self.spent = Spent(self.spent.files, self.spent.unpacked, size)
        self._before = self.spent.unpacked

    def spend(self, shown: str, files: int = 0, unpacked: int = 0) -> None:
        """Count files and unpacked bytes. Raise `UnreadableSubmission` if they are too many."""
        limits, before = self.limits, self.spent
        spent = Spent(before.files + files, before.unpacked + unpacked, before.packed)
        if spent.files > limits.members:
            raise UnreadableSubmission(
                f"The submission {shown} has more than {limits.members:,} files: submit only those "
                "that the assignment asks for."
            )
        if spent.unpacked > limits.total_bytes:
            raise UnreadableSubmission(
                f"The submission {shown} has more than {mib(limits.total_bytes)}: submit only the "
                "files that the assignment asks for."
            )
        own = spent.unpacked - self._before
        if 0 < limits.expansion * spent.packed < own > limits.expansion_from:
            raise UnreadableSubmission(
                f"The archive {shown} would unpack to more than {limits.expansion} times its size: "
                "submit only the files that the assignment asks for."
            )
        self.spent = spent

    def hold(self, size: int) -> bool:
        """Return whether `size` more bytes may be held in memory, and count them if so."""
        if self._held + size > self.limits.memory:
            return False
        self._held += size
        return True

    @property
    def memory_left(self) -> int:
        """Return how many more bytes may be held in memory."""
        return self.limits.memory - self._held


def split_path(path: str) -> tuple[str, ...]:
    """Return folders and base name. Some Windows programs write backslashes into an archive."""
    return tuple(part for part in re.split(r"[/\\]", path) if part not in ("", "."))


def split_member(path: str) -> tuple[str, ...]:
    """Return folders and base name of an archive's member.

    Only the base name counts where the folders lead out of the archive. Nothing is unpacked.
    """
    parts = split_path(path)
    if not leads_out(path):
        return parts
    return parts[-1:] if parts and parts[-1] != ".." and not path.endswith(("/", "\\")) else ()


def leads_out(path: str) -> bool:
    """Return whether a program that unpacks this name could write outside of its folder."""
    outside = path.startswith(("/", "\\")) or _DRIVE.match(path) is not None
    return outside or ".." in split_path(path)


def is_ignored(parts: tuple[str, ...]) -> bool:
    """Return whether a system, an editor or a package manager created it, not the student."""
    return any(
        part.casefold() in _IGNORED or (part.startswith(".") and not part.endswith(".icloud"))
        for part in parts
    )


def why_refused(path: str, parts: tuple[str, ...], limits: Limits) -> str | None:
    """Return why an entry of this name is not used; None if it may be."""
    if "\0" in path:
        return "has a NUL in its name"
    if not limits.base_names and leads_out(path):
        return "has a name that leads out of the archive"
    if len(parts) > limits.depth:
        return "is too deep in folders"
    if any(len(part.encode("utf-8", "surrogatepass")) > limits.name_bytes for part in parts):
        return "has too long a name"
    return None


def kind_of_mode(mode: int) -> str:
    """Return what an entry that is no regular file is, as words that follow "is"."""
    kinds = {
        stat.S_IFLNK: "a symbolic link",
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "no regular file")


def sort_contents(
    files: Iterable[Entry],
    refused: Iterable[RefusedEntry],
    opened: tuple[str, ...] = (),
    spent: Spent = Spent(),
) -> Contents:
    """Return contents in the order of their paths."""
    return Contents(
        tuple(sorted(files, key=lambda entry: entry.path)),
        tuple(sorted(refused, key=lambda entry: (entry.path, entry.reason))),
        opened,
        spent,
    )


def mib(size: int) -> str:
    """Return a size as "32 MiB"."""
    return f"{size / MIB:g} MiB"
