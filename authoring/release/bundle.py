"""Hold the files of a release in memory and write them: the same bytes on every machine.

A `Bundle` has names, contents and which files are programs. It has no times, owners or order, so a
folder or zip written from it is always the same.
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
    """Report why a bundle cannot be built: a bad or repeated name, a missing file."""


@dataclass(frozen=True)
class Bundle:
    """Hold `files`, from names with forward slashes to bytes; `programs` are executable."""

    title: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    programs: frozenset[str] = frozenset()

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        """Yield names and contents, ordered by name."""
        return iter(sorted(self.files.items()))

    @property
    def size(self) -> int:
        """Return the bytes of all files together."""
        return sum(len(content) for content in self.files.values())

    @property
    def digest(self) -> str:
        """Return the SHA-256 of every name, mode and content."""
        digest = hashlib.sha256()
        for name, content in self:
            mode = PROGRAM if name in self.programs else FILE
            digest.update(f"{name}\0{mode:o}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()

    def write_folder(self, folder: Path) -> None:
        """Write every file below `folder`, which must not exist. Raises `OSError`."""
        folder.mkdir(parents=True)
        for name, content in self:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(PROGRAM if name in self.programs else FILE)

    def to_zip(self) -> bytes:
        """Return the bundle as a zip: sorted names, fixed times and modes."""
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
    """Collect the files of one bundle. Every method raises `BadBundle`."""

    def __init__(self, title: str) -> None:
        """Start an empty bundle; `title` names it in messages."""
        self._title = title
        self._files: dict[str, bytes] = {}
        self._programs: set[str] = set()

    def add(self, name: str, content: bytes | str, program: bool = False) -> None:
        """Add a file by its name in the bundle and its content."""
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or ".." in parts or "\\" in name:
            raise BadBundle(f"{name!r} cannot be the name of a file in {self._title}.")
        if name in self._files:
            raise BadBundle(f"{self._title} would contain {name} twice: remove one of them.")
        self._files[name] = content.encode() if isinstance(content, str) else content
        if program:
            self._programs.add(name)

    def copy(self, source: Path, name: str, program: bool = False) -> None:
        """Add the file at `source` of the kit."""
        try:
            self.add(name, source.read_bytes(), program)
        except OSError as error:
            raise BadBundle(
                f"{source.name}, which is {name} in {self._title}, cannot be read "
                f"({error.strerror}): build it, or release from a complete copy of the kit."
            ) from error

    def copy_tree(self, source: Path, name: str, pattern: str = "*") -> None:
        """Add every file below `source` whose name matches, except Python's caches."""
        paths = [
            path
            for path in sorted(source.rglob(pattern))
            if path.is_file() and "__pycache__" not in path.parts
        ]
        if not paths:
            raise BadBundle(
                f"{source.name}/ contains no {pattern} for {self._title}: release from a complete "
                "copy of the kit."
            )
        for path in paths:
            self.copy(path, f"{name}/{path.relative_to(source).as_posix()}")

    def include(self, bundle: Bundle, below: str = "") -> None:
        """Add every file of another bundle, below the folder `below`."""
        for name, content in bundle:
            self.add(f"{below}{name}", content, name in bundle.programs)

    def pack(self) -> Bundle:
        """Return the bundle of the files so far."""
        return Bundle(self._title, dict(self._files), frozenset(self._programs))


def replace_folder(new: Path, target: Path) -> None:
    """Replace the folder `target` by `new`, on the same file system. Raises `OSError`.

    Between the two steps `target` does not exist; it is never incomplete.
    """
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    new.rename(target)
    shutil.rmtree(old, ignore_errors=True)
