"""Open a zip file from a student safely.

`zipfile` reads the whole list of members at once, however long it is. `open_zip` limits that.
Whatever is raised for a damaged or hostile file is one of `DAMAGE`.
"""

import io
import lzma
import struct
import zipfile
import zlib
from typing import IO, BinaryIO, cast

# What zipfile has been seen to raise, while opening and reading, for bytes that are not as they
# should be: bad structure; names that are not UTF-8 (ValueError); unknown methods and versions
# (NotImplementedError); passwords (RuntimeError, its base); cut or false compressed data; offsets
# beyond the file (OSError, ValueError); numbers that fit nowhere (OverflowError, struct.error).
DAMAGE = (
    zipfile.BadZipFile,
    ValueError,
    RuntimeError,
    EOFError,
    OSError,
    OverflowError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
)


class _SmallReads(io.BufferedIOBase):
    """Wrap a stream so that at most `most` bytes can be read at once."""

    def __init__(self, stream: IO[bytes], most: int) -> None:
        self._stream = stream
        self._most = most

    def read(self, size: int | None = -1, /) -> bytes:
        # A list of members that is longer ends early, which zipfile takes for damage.
        wanted = self._most if size is None or size < 0 else min(size, self._most)
        return self._stream.read(wanted)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


def open_zip(stream: IO[bytes], directory_bytes: int) -> zipfile.ZipFile:
    """Return the zip in `stream`, whose list of members may take `directory_bytes`.

    Raise one of `DAMAGE` if it is damaged.
    """
    return zipfile.ZipFile(cast(BinaryIO, _SmallReads(stream, directory_bytes)))
