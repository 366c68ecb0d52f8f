"""Find the answer to one question in the text of a report, by its headings."""

import re

QUESTIONS = ("1a", "1b", "1c", "2a", "2b", "2c", "2d", "3")
_LONGEST_HEADING = 120  # characters
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

    A section ends at the heading of another question.
    """
    lines = text.split("\n")
    headings = [(place, heading_of(line)) for place, line in enumerate(lines)]
    starts = [(place, name) for place, name in headings if name]
    sections = []
    for number, (place, name) in enumerate(starts):
        if name != question:
            continue
        later = [begin for begin, other in starts[number + 1 :] if other != question]
        body = "\n".join(lines[place : later[0] if later else len(lines)]).strip()
        if len(body) > len(lines[place].strip()):
            sections.append(body)
    return max(sections, key=len, default=None)


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
