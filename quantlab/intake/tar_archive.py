"""Read a tar archive from a student as a stream, under limits.

Only regular files are kept, in memory; links, devices and sparse files are refused by name.
Python's `tarfile` reads the headers of long names whole, however long they say they are, so this
reads the formats itself: ustar, GNU and pax (POSIX.1-2001, section "pax Interchange Format").
"""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import IO

from quantlab.intake.contents import (
    PIECE,
    Budget,
    Contents,
    Entry,
    RefusedEntry,
    is_ignored,
    mib,
    sort_contents,
    split_member,
    why_refused,
)
from quantlab.intake.zip_archive import decode_name

BLOCK = 512
_LONGEST_HEADER = 64 * 1024  # bytes of a long name or of pax records
_REFUSED = {
    b"1": "is a hard link",
    b"2": "is a symbolic link",
    b"3": "is a device",
    b"4": "is a device",
    b"6": "is a named pipe",
    b"S": "is a sparse file",
}
_REGULAR, _FOLDER = (b"0", b"\0", b"7"), (b"5", b"D")
_PAX, _PAX_OF_ALL, _LONG_NAME, _LONG_LINK = b"x", b"g", b"L", b"K"


@dataclass(frozen=True)
class _Member:
    """Hold a header: the name, the type and the bytes of data that follow."""

    name: str
    type: bytes
    size: int


def is_tar(beginning: bytes) -> bool:
    """Return whether the first bytes are those of a tar archive: a header with its checksum."""
    header = beginning[:BLOCK]
    if len(header) < BLOCK or not header.strip(b"\0"):
        return False
    try:
        stored = _number(header[148:156])
    except zipfile.BadZipFile:
        return False
    return stored == sum(header[:148]) + 8 * ord(" ") + sum(header[156:])


def read_tar(stream: IO[bytes], shown: str, budget: Budget) -> Contents:
    """Return the contents of a tar archive. Raise `UnreadableSubmission`, or one of `DAMAGE`."""
    files: list[Entry] = []
    refused: list[RefusedEntry] = []
    reader = _Reader(stream, shown, budget)
    for member in reader.members():
        parts = split_member(member.name)
        if is_ignored(parts) or member.type in _FOLDER or member.name.endswith("/"):
            reader.skip(member.size)
            continue
        budget.spend(shown, files=1)
        reason = why_refused(member.name, parts, budget.limits)
        if member.type not in _REGULAR:
            reason = _REFUSED.get(member.type, "is no regular file")
        elif not budget.hold(member.size):
            reason = f"is more than the {mib(budget.limits.memory)} that are read of a tar archive"
        if reason:
            refused.append(RefusedEntry(member.name, reason))
            reader.skip(member.size)
        else:
            content = reader.read(member.size)
            if parts:
                files.append(Entry(member.name, parts, partial(io.BytesIO, content)))
    return sort_contents(files, refused, spent=budget.spent)


class _Reader:
    """Read the headers and the data of a stream, and count every byte."""

    def __init__(self, stream: IO[bytes], shown: str, budget: Budget) -> None:
        self._stream = stream
        self._shown = shown
        self._budget = budget

    def members(self) -> Iterator[_Member]:
        """Yield the members. The caller reads or skips the data of each."""
        long_name: str | None = None
        pax: dict[str, str] = {}
        while header := self._header():
            size, type_ = _number(header[124:136]), header[156:157]
            if type_ in (_PAX, _LONG_NAME):
                if size > _LONGEST_HEADER:
                    raise zipfile.BadZipFile("a name in the tar archive is too long")
                data = self.read(size)
                if type_ == _PAX:
                    pax = dict(_pax_records(data))
                else:
                    long_name = decode_name(data.rstrip(b"\0"))
                continue
            if type_ in (_PAX_OF_ALL, _LONG_LINK):
                self.skip(size)
                continue
            is_sparse = any(key.startswith("GNU.sparse") for key in pax)
            if "size" in pax and pax["size"].isdecimal():
                size = int(pax["size"][:20])
            name = pax.get("path") or long_name or _name(header)
            yield _Member(name, b"S" if is_sparse else type_, size)
            long_name, pax = None, {}

    def read(self, size: int) -> bytes:
        """Return `size` bytes of data and pass over the padding."""
        content = bytearray()
        while len(content) < size:
            content += self._take(min(PIECE, size - len(content)))
        self._take(-size % BLOCK)
        return bytes(content)

    def skip(self, size: int) -> None:
        """Pass over `size` bytes of data and the padding."""
        left = size + -size % BLOCK
        while left:
            left -= len(self._take(min(PIECE, left)))

    def _header(self) -> bytes:
        """Return the next header, b"" at the end."""
        header = self._stream.read(BLOCK)
        if not header.strip(b"\0"):
            return b""
        self._budget.spend(self._shown, unpacked=len(header))
        if not is_tar(header):
            raise zipfile.BadZipFile("a header of the tar archive is damaged")
        return header

    def _take(self, size: int) -> bytes:
        data = self._stream.read(size)
        if len(data) < size:
            raise EOFError("the tar archive ends early")
        self._budget.spend(self._shown, unpacked=size)
        return data


def _name(header: bytes) -> str:
    name = header[:100].split(b"\0", 1)[0]
    prefix = header[345:500].split(b"\0", 1)[0] if header[257:263] == b"ustar\0" else b""
    return decode_name(prefix + b"/" + name if prefix else name)


def _number(field: bytes) -> int:
    """Return a number in octal digits, or in GNU's base 256."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.split(b"\0", 1)[0].strip()
    if not all(digit in b"01234567" for digit in digits):
        raise zipfile.BadZipFile("a number in the tar archive is damaged")
    return int(digits or b"0", 8)


def _pax_records(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield keys and values of the lines "<length> <key>=<value>"."""
    start = 0
    while start < len(data):
        space = data.find(b" ", start, start + 8)
        length = int(data[start:space]) if data[start : max(space, start)].isdigit() else 0
        if not space - start < length <= len(data) - start:
            raise zipfile.BadZipFile("a header of the tar archive is damaged")
        key, _, value = data[space + 1 : start + length].rstrip(b"\n").partition(b"=")
        yield key.decode("utf-8", "replace"), value.decode("utf-8", "surrogateescape")
        start += length
