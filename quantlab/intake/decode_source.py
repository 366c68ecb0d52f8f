"""Decode the bytes of `solution.py` to text.

UTF-8 and an encoding that the first two lines name are read as Python reads them. Another encoding
is recognized: UTF-16 by its bytes, others by the library charset-normalizer. Encodings of people's
editors differ only in letters outside ASCII, which are in comments and texts of a program. So a
wrong guess cannot change what the program does with numbers.

The text is only decoded here. Compiling or even parsing a student's source can crash the process,
so syntax errors are found in the sandbox. `BadSource` is raised for an empty file, a NUL, an
encoding that is not accepted, and bytes that fit none.
"""

import codecs
import io
import re
import tokenize
import unicodedata
from dataclasses import dataclass

from quantlab.errors import BadSource
from quantlab.intake.file_kinds import recognize_kind

# Encodings that people's editors write. Python knows more, some of which decode in quadratic time
# (punycode), do not give text (zlib), or hide what a reader sees (utf-7, unicode_escape).
_ENCODINGS = frozenset(
    codecs.lookup(name).name
    for name in (
        *("utf-8", "utf-8-sig", "ascii", "latin-1", "iso8859-15", "mac-roman", "koi8-r", "koi8-u"),
        *(f"iso8859-{number}" for number in (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 16)),
        *(f"cp125{number}" for number in range(9)),
        *("cp437", "cp850", "gb2312", "gbk", "gb18030", "big5", "shift_jis", "cp932"),
        *("euc_jp", "euc_kr", "cp949"),
    )
)
_NOT_UTF8_ADVICE = "save solution.py as UTF-8 in your editor"
_GUESSED_FROM = 1 << 14  # bytes of lines outside ASCII: more take longer and change no guess
_WIDE = (  # by how files begin; the longer beginnings first
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True)
class Source:
    """Hold the text of a solution.py; `encoding` is set if it is not the one that Python uses."""

    text: str
    encoding: str = ""


def decode(content: bytes) -> Source:
    """Return the text of a `solution.py` without its byte order mark. Raise `BadSource`."""
    if not content.strip():
        raise BadSource("solution.py is empty: submit the file with your functions in it.")
    if encoding := _wide(content):
        return _decode_wide(content, encoding)
    if kind := recognize_kind(content):
        raise BadSource(f"solution.py is {kind}: submit the Python file itself.")
    if (nul := content.find(b"\0")) >= 0:
        raise BadSource(
            f"Line {_line(content, nul)} of solution.py holds a NUL byte, which Python can't read: "
            f"{_NOT_UTF8_ADVICE}."
        )
    content = content.removeprefix(codecs.BOM_UTF8)
    encoding = _encoding(content)
    try:
        return Source(content.decode(encoding))
    except UnicodeDecodeError as error:
        if source := _guessed(content):
            return source
        raise BadSource(
            f"Line {_line(content, error.start)} of solution.py is not {_shown(encoding)} (byte "
            f"0x{content[error.start]:02x}): {_NOT_UTF8_ADVICE}."
        ) from error


def _wide(content: bytes) -> str:
    """Return the name of UTF-16 or UTF-32 if the content begins or looks like it."""
    for beginning, encoding in _WIDE:
        if content.startswith(beginning):
            return encoding
    if len(content) % 2 or not content.count(b"\0", 0, 256):
        return ""
    # Program text is mostly ASCII: every other byte is zero.
    zeros = [content[start::2].count(b"\0") for start in (0, 1)]
    most = len(content) // 2
    if min(zeros) > most // 100 or max(zeros) < most // 2:
        return ""
    return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"


def _decode_wide(content: bytes, encoding: str) -> Source:
    try:
        text = content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise BadSource(
            f"solution.py begins in {_shown(encoding)} and continues otherwise: {_NOT_UTF8_ADVICE}."
        ) from error
    if (nul := text.find("\0")) >= 0:
        line = text.count("\n", 0, nul) + 1
        raise BadSource(
            f"Line {line} of solution.py holds a NUL, which Python can't read: {_NOT_UTF8_ADVICE}."
        )
    if not text.strip():
        raise BadSource("solution.py is empty: submit the file with your functions in it.")
    return Source(text, _shown(encoding))


def _guessed(content: bytes) -> Source | None:
    """Return the text in the likeliest encoding; None if none fits.

    The library is the grader's. In a student's notebook, which may lack it, the file is refused.
    """
    try:
        from charset_normalizer import from_bytes  # noqa: PLC0415
    except ImportError:
        return None
    lines = b"\n".join(line for line in content.split(b"\n") if not line.isascii())
    guesses = from_bytes(lines[:_GUESSED_FROM], cp_isolation=sorted(_ENCODINGS))
    names = [codecs.lookup(guess.encoding).name for guess in guesses]
    for name in (*names, "utf-8", "cp1252"):
        try:
            text = content.decode(name)
        except UnicodeDecodeError:
            continue
        if all(unicodedata.category(c) not in ("Cc", "Co", "Cn") or c in "\t\n\r\f" for c in text):
            return Source(text, name)
    return None


def _encoding(content: bytes) -> str:
    # The declaration is ASCII, and Python looks for it before it decodes the lines around it.
    ascii_only = re.sub(rb"[\x80-\xff]", b"?", content)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(ascii_only).readline)
        name = codecs.lookup(encoding).name
    except (SyntaxError, LookupError) as error:
        raise BadSource(
            f"The first lines of solution.py name an encoding that Python does not know: "
            f"{_NOT_UTF8_ADVICE} and take the line with the encoding out."
        ) from error
    if name not in _ENCODINGS:
        raise BadSource(
            f"solution.py says that it is in {name}, which is not accepted here: "
            f"{_NOT_UTF8_ADVICE} and take the line with the encoding out."
        )
    return name


def _shown(encoding: str) -> str:
    """Return the name of an encoding as people write it."""
    upper = re.fullmatch(r"utf-(\d+)(-[bl]e)?", encoding)
    return f"UTF-{upper[1]}" if upper else encoding


def _line(content: bytes, offset: int) -> int:
    return content.count(b"\n", 0, offset) + 1
