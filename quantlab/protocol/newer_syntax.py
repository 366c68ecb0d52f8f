"""Recognize syntax of a Python that is newer than this one, by the line at which it stops."""

import re
import sys

# The version, the message of Python 3.11 or later, the line.
_NEWER = (
    ((3, 12), r"^f-string: ", r"f[\"']"),
    ((3, 12), r"", r"^\s*type\s+\w+(\[.*\])?\s*="),
    ((3, 12), r"", r"^\s*(def|class)\s+\w+\["),
    ((3, 14), r"^multiple exception types must be parenthesized", r""),
    ((3, 14), r"", r"\bt[\"']"),
)


def newer_python(message: str, line: str, python: tuple[int, int] = sys.version_info[:2]) -> str:
    """Return a sentence if a newer Python may accept a line, else "".

    Args:
        message: That of the `SyntaxError`.
        line: The source line at which Python stopped.
        python: The version of the Python that stopped.
    """
    for version, in_message, in_line in _NEWER:
        if python < version and re.search(in_message, message) and re.search(in_line, line):
            newer, here = (".".join(map(str, each)) for each in (version, python))
            return f". Python {newer} may accept this, the grader runs Python {here}"
    return ""
