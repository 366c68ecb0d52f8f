"""Decompress bytes of a student in pieces, never more at once than is asked for.

What a header says about sizes is not trusted. Whatever is raised for damaged data is one of
`quantlab.intake.zips.DAMAGE`.
"""

import bz2
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import IO, Any, cast

_PIECE = 64 * 1024
_DICTIONARY = 32 * 2**20  # bytes; no larger file of a submission is used
_XZ_MEMORY = 80 * 2**20  # bytes; xz -9 needs 65 MiB
_STREAMS = 2_000  # in one file; programs that compress in parallel write one per 900 kB


def decompress(stream: IO[bytes], kind: str) -> IO[bytes]:
    """Return the bytes inside a stream of `kind` "gzip", "bzip2" or "xz"."""
    new = {"gzip": _Gzip, "bzip2": bz2.BZ2Decompressor, "xz": _new_xz}[kind]
    return cast(IO[bytes], io.BufferedReader(_Decompressed(stream, new), _PIECE))


def decompress_member(stream: IO[bytes], size: int, crc: int, is_lzma: bool) -> IO[bytes]:
    """Return the `size` bytes inside a zip member that LZMA or bzip2 compressed."""
    new: Callable[[], Any] = bz2.BZ2Decompressor
    if is_lzma:
        filters = [_lzma_filter(stream, size)]

        def new() -> Any:
            return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters)

    member = _Member(_Decompressed(stream, new, ends=not is_lzma), size, crc)
    return cast(IO[bytes], io.BufferedReader(member, _PIECE))


def _new_xz() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_AUTO, memlimit=_XZ_MEMORY)


def _lzma_filter(stream: IO[bytes], size: int) -> dict[str, Any]:
    """Read a zip's LZMA header (APPNOTE 5.8.8). Its dictionary size would decide our memory.

    A dictionary larger than the `size` bytes of the member is never used.
    """
    _, length = struct.unpack("<HH", stream.read(4))
    numbers, dictionary = struct.unpack("<BI", stream.read(length))
    rest, lc = divmod(numbers, 9)
    pb, lp = divmod(rest, 5)
    needed = max(4096, min(dictionary, size, _DICTIONARY))
    return {"id": lzma.FILTER_LZMA1, "lc": lc, "lp": lp, "pb": pb, "dict_size": needed}


class _Gzip:
    """Decompress one gzip stream, with the methods of the decompressors of `bz2` and `lzma`."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(zlib.MAX_WBITS | 16)

    def decompress(self, data: bytes, most: int) -> bytes:
        return self._stream.decompress(self._stream.unconsumed_tail + data, most)

    @property
    def needs_input(self) -> bool:
        return not self._stream.unconsumed_tail

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data


class _Decompressed(io.RawIOBase):
    """Read the output of a decompressor, which is replaced at the end of each of its streams.

    `ends` says whether the data says where it ends, without which it was cut short.
    """

    def __init__(self, stream: IO[bytes], new: Callable[[], Any], ends: bool = True) -> None:
        self._stream = stream
        self._new = new
        self._decompressor = new()
        self._ends = ends
        self._streams = 1

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        piece = self._next(len(buffer)) if len(buffer) else b""
        buffer[: len(piece)] = piece
        return len(piece)

    def _next(self, most: int) -> bytes:
        """Return 1 to `most` bytes, or b"" at the end."""
        while True:
            data = b""
            if self._decompressor.eof:
                data = self._decompressor.unused_data.lstrip(b"\0") or self._stream.read(_PIECE)
                if not data.strip(b"\0"):
                    return b""
                self._streams += 1
                if self._streams > _STREAMS:
                    raise EOFError("the compressed data has too many streams")
                self._decompressor = self._new()
            elif self._decompressor.needs_input:
                data = self._stream.read(_PIECE)
                if not data and self._ends:
                    raise EOFError("the compressed data ends early")
                if not data:
                    return b""
            piece: bytes = self._decompressor.decompress(data, most)
            if piece:
                return piece


class _Member(io.RawIOBase):
    """Read what a zip says of a member: so many bytes, with this checksum."""

    def __init__(self, stream: io.RawIOBase, size: int, crc: int) -> None:
        self._stream = stream
        self._left = size
        self._expected = crc
        self._crc = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        piece = self._stream.read(min(len(buffer), self._left)) or b""
        self._left -= len(piece)
        self._crc = zlib.crc32(piece, self._crc)
        if not piece and len(buffer) and (self._left or self._crc != self._expected):
            raise zipfile.BadZipFile("the member is damaged")
        buffer[: len(piece)] = piece
        return len(piece)
