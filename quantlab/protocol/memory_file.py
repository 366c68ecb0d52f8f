"""Files in memory: their bytes, the objects that read and write them, the room that is left."""

import errno
import io
import os
from collections.abc import Iterator
from typing import Any

MOST_BYTES = 8 << 20  # of all files of one process together
MOST_FILES = 1000  # files and folders


class Content:
    """Hold the bytes of one file, which outlive the objects that wrote them."""

    def __init__(self) -> None:
        """Begin empty."""
        self.buffer = bytearray()


class OpenFile(io.RawIOBase):
    """An open file. Its objects for buffers and text are those of `io`."""

    def __init__(self, store: "Store", path: str, flags: int) -> None:
        """Open the file at `path`, which exists, with the flags of `os.open`."""
        self.name = path
        self.content = store.files[path]
        self._store = store
        self._reads = flags & os.O_ACCMODE != os.O_WRONLY
        self._writes = flags & os.O_ACCMODE != os.O_RDONLY
        self._appends = bool(flags & os.O_APPEND)
        self._position = 0
        self.mode = ("rb+" if self._reads else "wb") if self._writes else "rb"
        if flags & os.O_TRUNC:
            self.truncate(0)

    def readable(self) -> bool:
        """Return whether it is open for reading."""
        return self._reads

    def writable(self) -> bool:
        """Return whether it is open for writing."""
        return self._writes

    def seekable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, target: Any) -> int:
        """Fill `target` and return the number of bytes."""
        if not self._reads:
            raise io.UnsupportedOperation("not readable")
        with memoryview(target).cast("B") as view:
            part = self.content.buffer[self._position : self._position + len(view)]
            view[: len(part)] = part
        self._position += len(part)
        return len(part)

    def write(self, data: Any) -> int:
        """Write all of `data`. Raise `OSError` if the memory for files is full."""
        if not self._writes:
            raise io.UnsupportedOperation("not writable")
        buffer = self.content.buffer
        with memoryview(data).cast("B") as view:
            begin = len(buffer) if self._appends else self._position
            end = begin + len(view)
            self._store.refuse_too_much(max(end - len(buffer), 0))
            if begin > len(buffer):
                buffer.extend(bytes(begin - len(buffer)))
            buffer[begin:end] = view
        self._position = end
        return end - begin

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position and return it."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position}.get(whence, len(self.content.buffer))
        if start + offset < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def truncate(self, size: int | None = None) -> int:
        """Change the size, by default to the position, and return it."""
        size = self._position if size is None else size
        buffer = self.content.buffer
        self._store.refuse_too_much(max(size - len(buffer), 0))
        buffer.extend(bytes(max(size - len(buffer), 0)))
        del buffer[size:]
        return size


class Store:
    """Hold the files and folders that a process wrote, by their absolute paths."""

    def __init__(self) -> None:
        """Begin empty."""
        self.files: dict[str, Content] = {}
        self.folders: set[str] = set()

    def create(self, path: str, flags: int) -> None:
        """Create the file that `os.open` would create with `flags`. Raise `OSError`."""
        if path in self.folders:
            raise os_error(errno.EISDIR, path)
        if path not in self.files:
            self._refuse_too_many(path)
            self.files[path] = Content()
        elif flags & os.O_EXCL and flags & os.O_CREAT:
            raise os_error(errno.EEXIST, path)

    def create_folder(self, path: str) -> None:
        """Create a folder. Raise `OSError` if something has this path."""
        if path in self.folders or path in self.files:
            raise os_error(errno.EEXIST, path)
        self._refuse_too_many(path)
        self.folders.add(path)

    def remove_folder(self, path: str) -> None:
        """Remove a folder and all that is below it."""
        for name in list(self.below(path)):
            self.files.pop(name, None)
            self.folders.discard(name)
        self.folders.discard(path)

    def rename(self, old: str, new: str) -> None:
        """Rename a file, or a folder with all that is below it."""
        for name in [old, *self.below(old)]:
            renamed = new + name[len(old) :]
            if name in self.files:
                self.files[renamed] = self.files.pop(name)
            else:
                self.folders.remove(name)
                self.folders.add(renamed)

    def below(self, folder: str) -> Iterator[str]:
        """Yield the paths below a folder, at any depth."""
        start = folder.rstrip("/") + "/"
        return (name for name in [*self.files, *self.folders] if name.startswith(start))

    def refuse_too_much(self, more: int) -> None:
        """Raise `OSError` if `more` bytes do not fit."""
        if more and more + sum(len(c.buffer) for c in self.files.values()) > MOST_BYTES:
            raise os_error(errno.ENOSPC)

    def _refuse_too_many(self, path: str) -> None:
        if len(self.files) + len(self.folders) >= MOST_FILES:
            raise os_error(errno.ENOSPC, path)


def os_error(number: int, *path: str) -> OSError:
    """Return the exception that Python raises for an error number of the system."""
    return OSError(number, os.strerror(number), *path)


def flags_of(mode: str) -> int:
    """Return the flags of `os.open` for a mode of `open`. Raise `ValueError`."""
    kind = mode.replace("b", "", 1).replace("t", "", 1).replace("+", "", 1)
    if kind not in ("r", "w", "a", "x") or ("b" in mode and "t" in mode):
        raise ValueError(f"invalid mode: {mode!r}")
    access = os.O_RDWR if "+" in mode else os.O_RDONLY if kind == "r" else os.O_WRONLY
    how = {"w": os.O_TRUNC, "a": os.O_APPEND, "x": os.O_EXCL}
    return access | (os.O_CREAT | how[kind] if kind in how else 0)


def file_object(
    raw: OpenFile,
    mode: str,
    buffering: int,
    encoding: str | None,
    errors: str | None,
    newline: str | None,
) -> Any:
    """Return the file object that `open` returns for these arguments."""
    if "b" in mode and buffering == 0:
        return raw
    size = buffering if buffering > 1 else io.DEFAULT_BUFFER_SIZE
    is_both = raw.readable() and raw.writable()
    kind: Any = io.BufferedWriter if raw.writable() else io.BufferedReader
    buffered = (io.BufferedRandom if is_both else kind)(raw, size)
    if "a" in mode:
        buffered.seek(0, os.SEEK_END)
    if "b" in mode:
        return buffered
    text = io.TextIOWrapper(buffered, encoding or "utf-8", errors, newline, buffering == 1)
    text.mode = mode  # type: ignore[misc]
    return text
