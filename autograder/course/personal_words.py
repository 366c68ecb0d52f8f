"""Decide which columns and words of a course site can identify a student."""

_SHORTEST_NAME = 3  # letters; shorter words are in every text
_SHORTEST_NUMBER = 5  # digits; shorter numbers are in every tensor


def is_personal(column: str) -> bool:
    """Return whether a column may contain names; sections, states and times do not."""
    words = ("section", "status", "grade", "last modified", "feedback", "attempt", "points")
    return not any(word in column.lower() for word in words)


def is_distinctive(word: str) -> bool:
    """Return whether a word is long enough to identify a student, where it is in a text."""
    shortest = _SHORTEST_NUMBER if word.isdigit() else _SHORTEST_NAME
    return len(word) >= shortest or (not word.isascii() and len(word) > 1)
