"""Keep the files that student code writes in the memory of its process.

A log, a plot or a cache is not wrong, but a check has no place to write it. `install` replaces the
functions of Python that open files for writing and that change folders. It opens no system call and
gives no right: code that avoids these functions is refused as before. Files are read as before,
unless the code itself wrote them. All files together hold at most `memory_file.MOST_BYTES`; a write
beyond that raises `OSError` with ENOSPC, as a full disk does.
"""

import builtins
import contextlib
import errno
import functools
import importlib
import io
import os
import posixpath
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import torch

from quantlab.protocol.memory_file import OpenFile, Store, file_object, flags_of, os_error

_FIRST_DESCRIPTOR = 1 << 20  # above any that the kernel gives to this process
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_SINKS = ("/dev/null",)  # really writable
_REPLACED = (
    *("access", "chdir", "chmod", "close", "fdopen", "fstat", "getcwd", "listdir", "listxattr"),
    *("lseek", "lstat", "mkdir", "read", "remove", "rename", "rmdir", "stat", "utime", "write"),
)
_KEPT = (("bz2", "_builtin_open"), ("tarfile", "bltn_open"))  # modules that keep `open` themselves


def install() -> None:
    """Replace the functions, in this process only and for good."""
    files, unlink = _Files(), os.unlink
    for name in _REPLACED:
        setattr(os, name, getattr(files, name))
    os.unlink, os.replace, os.open = files.remove, files.rename, files.os_open
    setattr(shutil, "rmtree", files.rmtree)  # noqa: B010 - it also has attributes
    torch.save = _through_python(torch.save, files.open)
    builtins.open = io.open = files.open
    for module, name in _KEPT:
        if module in sys.modules:
            setattr(sys.modules[module], name, files.open)
    for method in vars(tempfile._TemporaryFileCloser).values():  # type: ignore[attr-defined]
        defaults = getattr(method, "__defaults__", None) or ()
        if unlink in defaults:
            method.__defaults__ = tuple(files.remove if d is unlink else d for d in defaults)
    with contextlib.suppress(AttributeError, ImportError):  # numpy.savetxt
        importlib.import_module("numpy.lib._datasource")._file_openers._file_openers[None] = io.open


def _through_python(save: Callable[..., None], open_file: Callable[..., Any]) -> Callable[..., Any]:
    """Return `torch.save`, which would otherwise write a named file by code in C++."""

    @functools.wraps(save)
    def save_in_memory(obj: object, f: Any, *options: Any, **more: Any) -> None:
        if not isinstance(f, str | os.PathLike):
            return save(obj, f, *options, **more)
        stream = io.BytesIO()
        save(obj, stream, *options, **more)
        with open_file(f, "wb") as file:
            file.write(stream.getbuffer())
        return None

    return save_in_memory


class _Files:
    """The functions that replace those of Python; they share one store."""

    def __init__(self) -> None:
        self._store = Store()
        self._descriptors: dict[int, OpenFile] = {}
        self._folder = "/"  # where a worker runs
        self._is_elsewhere = False
        # Python's own functions: the kernel decides what they may do.
        self._os = {name: getattr(os, name) for name in (*_REPLACED, "open")}
        self._open = io.open
        self._rmtree = shutil.rmtree

    # Opening --------------------------------------------------------------------------------------

    def open(
        self,
        file: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        closefd: bool = True,
        opener: Callable[[Any, int], int] | None = None,
    ) -> Any:
        """Open a file as the builtin does; in memory for writing, or if it was written here."""
        raw = self._descriptors.get(file) if isinstance(file, int) else None
        if raw is None:
            writes = isinstance(mode, str) and not set("wax+").isdisjoint(mode)
            path = self._path_in_memory(file, writes)
            if path is None:
                options = (buffering, encoding, errors, newline, closefd, opener)
                return self._open(self._path_for_kernel(file), mode, *options)
            flags = flags_of(mode)
            if opener is not None:
                number = opener(file, flags)
                return self.open(number, mode, buffering, encoding, errors, newline, closefd)
            raw = self._opened(path, flags)
        elif closefd:
            del self._descriptors[file]
        return file_object(raw, mode, buffering, encoding, errors, newline)

    def os_open(
        self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None
    ) -> int:
        """Open a file and return a number for it."""
        is_folder = bool(flags & (os.O_DIRECTORY | os.O_PATH))
        own = self._path_in_memory(path, bool(flags & _WRITING), dir_fd)
        if own is None or is_folder:
            number: int = self._os["open"](
                self._path_for_kernel(path, dir_fd), flags, mode, dir_fd=dir_fd
            )
            return number
        number = _FIRST_DESCRIPTOR + len(self._descriptors)
        while number in self._descriptors:
            number += 1
        self._descriptors[number] = self._opened(own, flags)
        return number

    def _opened(self, path: str, flags: int) -> OpenFile:
        if path not in self._store.files and not flags & os.O_CREAT:  # it has to be there already
            self._os["close"](self._os["open"](path, os.O_RDWR))
            raise os_error(errno.EACCES, path)
        self._store.create(path, flags)
        return OpenFile(self._store, path, flags)

    # Paths ----------------------------------------------------------------------------------------

    def _absolute(self, path: Any) -> str:
        return posixpath.normpath(posixpath.join(self._folder, os.fsdecode(path)))

    def _path_in_memory(
        self, path: Any, writes: bool = False, dir_fd: int | None = None
    ) -> str | None:
        """Return the absolute path of a file that belongs in memory; None for another."""
        if isinstance(path, int) or dir_fd is not None:
            return None
        absolute = self._absolute(path)
        is_own = absolute in self._store.files or (writes and absolute not in _SINKS)
        return absolute if is_own else None

    def _path_for_kernel(self, path: Any, dir_fd: int | None = None) -> Any:
        """Return the path for the kernel, which does not know of a change of folder."""
        is_relative = self._is_elsewhere and dir_fd is None and not isinstance(path, int)
        return self._absolute(path) if is_relative else path

    # Folders and names ----------------------------------------------------------------------------

    def chdir(self, path: Any) -> None:
        """Change the folder of relative names, also to one that does not exist."""
        self._folder, self._is_elsewhere = self._absolute(path), True

    def getcwd(self) -> str:
        """Return the folder of relative names."""
        return self._folder

    def mkdir(self, path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        """Make a folder."""
        if dir_fd is not None:
            self._os["mkdir"](path, mode, dir_fd=dir_fd)
            return
        try:
            self._os["stat"](self._absolute(path))
        except OSError:
            self._store.create_folder(self._absolute(path))
        else:
            raise os_error(errno.EEXIST, self._absolute(path))

    def rmdir(self, path: Any, *, dir_fd: int | None = None) -> None:
        """Remove a folder that is empty."""
        folder = self._absolute(path)
        if dir_fd is not None or folder not in self._store.folders:
            self._os["rmdir"](self._path_for_kernel(path, dir_fd), dir_fd=dir_fd)
            return
        if any(self._store.below(folder)):
            raise os_error(errno.ENOTEMPTY, folder)
        self._store.remove_folder(folder)

    def rmtree(self, path: Any, *options: Any, **more: Any) -> None:
        """Remove a folder and all that is below it."""
        folder = self._absolute(path)
        if folder in self._store.folders:
            self._store.remove_folder(folder)
        else:
            self._rmtree(self._path_for_kernel(path), *options, **more)

    def remove(self, path: Any, *, dir_fd: int | None = None) -> None:
        """Remove a file."""
        own = self._path_in_memory(path, dir_fd=dir_fd)
        if own is None:
            self._os["remove"](self._path_for_kernel(path, dir_fd), dir_fd=dir_fd)
        else:
            del self._store.files[own]

    def rename(self, src: Any, dst: Any, **descriptors: Any) -> None:
        """Rename a file or folder that was written here."""
        old = self._absolute(src)
        if descriptors or not (old in self._store.files or old in self._store.folders):
            self._os["rename"](src, dst, **descriptors)
        else:
            self._store.rename(old, self._absolute(dst))

    # Questions about files ------------------------------------------------------------------------

    def stat(
        self, path: Any, *, dir_fd: int | None = None, follow_symlinks: bool = True
    ) -> os.stat_result:
        """Return the kind and size of a file."""
        own = self._stat_in_memory(path, dir_fd)
        return own or self._os["stat"](
            self._path_for_kernel(path, dir_fd), dir_fd=dir_fd, follow_symlinks=follow_symlinks
        )

    def lstat(self, path: Any, *, dir_fd: int | None = None) -> os.stat_result:
        """Return the kind and size of a file; a link is not followed."""
        own = self._stat_in_memory(path, dir_fd)
        return own or self._os["lstat"](self._path_for_kernel(path, dir_fd), dir_fd=dir_fd)

    def access(self, path: Any, mode: int, *, dir_fd: int | None = None, **options: Any) -> bool:
        """Return whether a file may be used."""
        own = self._stat_in_memory(path, dir_fd)
        path = self._path_for_kernel(path, dir_fd)
        return own is not None or self._os["access"](path, mode, dir_fd=dir_fd, **options)

    def chmod(self, path: Any, *values: Any, **more: Any) -> None:
        """Change the rights of a file; those of a file written here are fixed."""
        self._unless_in_memory("chmod", path, values, more)

    def utime(self, path: Any, *values: Any, **more: Any) -> None:
        """Change the times of a file; a file written here has none."""
        self._unless_in_memory("utime", path, values, more)

    def listxattr(self, path: Any = None, **more: Any) -> list[str]:
        """Return the extended attributes of a file; a file written here has none."""
        return self._unless_in_memory("listxattr", path or "", (), more) or []

    def _unless_in_memory(self, name: str, path: Any, values: Any, more: Any) -> Any:
        if self._stat_in_memory(path, more.get("dir_fd")) is None:
            return self._os[name](self._path_for_kernel(path), *values, **more)
        return None

    def listdir(self, path: Any = None) -> list[Any]:
        """Return the names in a folder: those written here if there are any."""
        if not isinstance(path, int):
            folder = self._absolute(path or "")
            own = [p for p in self._store.below(folder) if posixpath.dirname(p) == folder]
            if own or folder in self._store.folders:
                return sorted(map(posixpath.basename, own))
        names: list[Any] = self._os["listdir"](self._path_for_kernel("." if path is None else path))
        return names

    def _stat_in_memory(self, path: Any, dir_fd: int | None) -> os.stat_result | None:
        if isinstance(path, int):
            return _stat_result(self._descriptors[path]) if path in self._descriptors else None
        absolute = self._absolute(path)
        if dir_fd is None and absolute in self._store.folders:
            return os.stat_result((stat.S_IFDIR | 0o755, 0, 0, 1, 0, 0, 0, 0, 0, 0))
        if dir_fd is None and absolute in self._store.files:
            return _stat_result(OpenFile(self._store, absolute, os.O_RDONLY))
        return None

    # Numbers of open files ------------------------------------------------------------------------

    def fdopen(self, fd: int, mode: str = "r", *options: Any, **more: Any) -> Any:
        """Return a file object of a number."""
        if fd in self._descriptors:
            return self.open(fd, mode, *options, **more)
        return self._os["fdopen"](fd, mode, *options, **more)

    def close(self, fd: int) -> None:
        """Close a number."""
        if self._descriptors.pop(fd, None) is None:
            self._os["close"](fd)

    def read(self, fd: int, length: int, /) -> bytes:
        """Read from a number."""
        raw = self._descriptors.get(fd)
        data: bytes = self._os["read"](fd, length) if raw is None else raw.read(length)
        return data

    def write(self, fd: int, data: Any, /) -> int:
        """Write to a number."""
        raw = self._descriptors.get(fd)
        size: int = self._os["write"](fd, data) if raw is None else raw.write(data)
        return size

    def lseek(self, fd: int, position: int, how: int, /) -> int:
        """Move the position of a number."""
        raw = self._descriptors.get(fd)
        place: int = (
            self._os["lseek"](fd, position, how) if raw is None else raw.seek(position, how)
        )
        return place

    def fstat(self, fd: int) -> os.stat_result:
        """Return the kind and size of a number."""
        raw = self._descriptors.get(fd)
        result: os.stat_result = self._os["fstat"](fd) if raw is None else _stat_result(raw)
        return result


def _stat_result(file: OpenFile) -> os.stat_result:
    size = len(file.content.buffer)
    return os.stat_result((stat.S_IFREG | 0o644, 0, 0, 1, 0, 0, size, 0, 0, 0))
