"""Files that are handed out together, in memory: the same bytes wherever and whenever made.

A `Bundle` knows names, contents and which files are programs, and nothing of the machine: no times,
no owners, no order of a folder. Written as a folder or as a zip it is therefore the same each time.
It can fail with a `BadBundle`: a name that is taken or leads out of the bundle, a file of the kit
that is not there.
"""

import hashlib
import io
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
FILE, PROGRAM = 0o644, 0o755
_REGULAR = 0o100000
_UNIX = 3  # zip's number of the system that understands these modes


class BadBundle(Exception):
    """A bundle can't be put together; the message says which file and why."""


@dataclass(frozen=True)
class Bundle:
    """`files` maps names with forward slashes to bytes; `programs` are those that can be run."""

    title: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    programs: frozenset[str] = frozenset()

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        """Names and contents, in the order of the names."""
        return iter(sorted(self.files.items()))

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(len(content) for content in self.files.values())

    @property
    def digest(self) -> str:
        """SHA-256 over every name, mode and content: equal where the bundles are."""
        found = hashlib.sha256()
        for name, content in self:
            mode = PROGRAM if name in self.programs else FILE
            found.update(f"{name}\0{mode:o}\0{len(content)}\0".encode())
            found.update(content)
        return found.hexdigest()

    def write_folder(self, folder: Path) -> None:
        """Write every file below `folder`, which must not exist. Raises `OSError`."""
        folder.mkdir(parents=True)
        for name, content in self:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(PROGRAM if name in self.programs else FILE)

    def to_zip(self) -> bytes:
        """The bundle as a zip file, its files at the top: sorted names, fixed times and modes."""
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name, content in self:
                entry = zipfile.ZipInfo(name, EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.create_system = _UNIX
                mode = PROGRAM if name in self.programs else FILE
                entry.external_attr = (_REGULAR | mode) << 16
                archive.writestr(entry, content)
        return stream.getvalue()


class Packing:
    """Collects the files of one bundle. Every method raises `BadBundle`."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._files: dict[str, bytes] = {}
        self._programs: set[str] = set()

    def add(self, name: str, content: bytes | str, program: bool = False) -> None:
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or ".." in parts or "\\" in name:
            raise BadBundle(f"{name!r} can't be the name of a file in {self._title}.")
        if name in self._files:
            raise BadBundle(f"{self._title} would hold {name} twice: remove one of the two.")
        self._files[name] = content.encode() if isinstance(content, str) else content
        if program:
            self._programs.add(name)

    def copy(self, source: Path, name: str, program: bool = False) -> None:
        """Add the file at `source` of the kit."""
        try:
            self.add(name, source.read_bytes(), program)
        except OSError as error:
            raise BadBundle(
                f"{source.name}, which belongs into {self._title} as {name}, can't be read "
                f"({error.strerror}): make it, or take the release from a whole copy of the kit."
            ) from error

    def copy_tree(self, source: Path, name: str, pattern: str = "*") -> None:
        """Add every file below `source` whose name fits; what Python caches is no file of it."""
        found = [
            path
            for path in sorted(source.rglob(pattern))
            if path.is_file() and "__pycache__" not in path.parts
        ]
        if not found:
            raise BadBundle(f"{source.name}/, which belongs into {self._title}, holds no file.")
        for path in found:
            self.copy(path, f"{name}/{path.relative_to(source).as_posix()}")

    def include(self, bundle: Bundle, below: str = "") -> None:
        """Add every file of another bundle, below the folder `below`."""
        for name, content in bundle:
            self.add(f"{below}{name}", content, name in bundle.programs)

    def pack(self) -> Bundle:
        return Bundle(self._title, dict(self._files), frozenset(self._programs))


def replace_folder(made: Path, place: Path) -> None:
    """Put the folder `made` where `place` is; what was there before goes first. Raises `OSError`.

    Both must be on one file system. Between the two steps nothing is at `place`, never a part.
    """
    old = place.with_name(f".{place.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.rename(old)
    made.rename(place)
    shutil.rmtree(old, ignore_errors=True)
