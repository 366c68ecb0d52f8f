"""Decode the bytes of `solution.py` to text, as Python itself does.

The text is only decoded here. Compiling or even parsing a student's source can crash the process,
so syntax errors are found in the sandbox. `BadSource` is raised for an empty file, UTF-16, a NUL,
and an encoding that is unknown or does not fit the bytes.
"""

import codecs
import io
import re
import tokenize

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


def decode(content: bytes) -> str:
    """Return the text of a `solution.py` without its byte order mark. Raise `BadSource`.

    The encoding is UTF-8 unless one of the first two lines names another (PEP 263).
    """
    if not content.strip():
        raise BadSource("solution.py is empty: submit the file with your functions in it.")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise BadSource(f"solution.py is in UTF-16, which Python can't read: {_NOT_UTF8_ADVICE}.")
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
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise BadSource(
            f"Line {_line(content, error.start)} of solution.py is not {_shown(encoding)} (byte "
            f"0x{content[error.start]:02x}): {_NOT_UTF8_ADVICE}."
        ) from error


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
    return "UTF-8" if encoding == "utf-8" else encoding


def _line(content: bytes, offset: int) -> int:
    return content.count(b"\n", 0, offset) + 1
