"""Find the answer to one question in the text of a report, by its headings."""

import io
import re
from collections.abc import Iterator
from itertools import islice

QUESTIONS = ("1a", "1b", "1c", "2a", "2b", "2c", "2d", "3")
_LONGEST_HEADING = 120  # characters
_MOST_LINES = 200_000
_HEADING = re.compile(
    r"^[\s#*_>=|\-–•]*"
    r"(?:(?:written|my|the|answers?|questions?|tasks?|problems?|exercises?|parts?|sections?|ad|to|q)"
    r"[\s.:#]*)*"
    r"\(?(?P<number>[1-3])\s*[.)\-]?\s*\(?(?P<letter>[a-d])?"
    r"(?:[\s.:)\]*_—–-]|$)(?P<rest>.*)$",
    re.IGNORECASE,
)


def find_section(text: str, question: str) -> str | None:
    """Return the longest section of `text` below a heading of `question`; None without one.

    A section ends at the heading of another question. Only the first 200,000 lines are searched.
    """
    longest, length = slice(0), 0
    begin, body = -1, 0
    for start, end, name in _headings(text):
        if name == question:
            if begin < 0:
                begin, body = start, end
        elif begin >= 0:
            section = text[begin:start].strip()
            if len(section) > max(length, len(text[begin:body].strip())):
                longest, length = slice(begin, start), len(section)
            begin = -1
    return text[longest].strip() if length else None


def _headings(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, question) of each heading, at last an empty one where the text ends."""
    start = 0
    for line in islice(io.StringIO(text), _MOST_LINES):
        end = start + len(line)
        if name := heading_of(line.rstrip("\n")):
            yield start, end, name
        start = end
    yield start, start, ""


def heading_of(line: str) -> str | None:
    """Return the question whose heading a line may be.

    Examples:
        >>> heading_of("### 1b. Three scales"), heading_of("Question 2 (d):"), heading_of("3.5 dB")
        ('1b', '2d', None)
    """
    if len(line) > _LONGEST_HEADING:
        return None
    match = _HEADING.match(line)
    if match is None:
        return None
    name = match["number"] + (match["letter"] or "").lower()
    if not match["letter"] and not line.lstrip().startswith("#") and not _is_named(line):
        return None  # "3 bits" begins a sentence, "### 3" a section
    return name if name in QUESTIONS or name in ("1", "2") else None


def _is_named(line: str) -> bool:
    return bool(re.match(r"\W*(?:answer|question|task|problem|exercise|part)\b", line, re.I))
