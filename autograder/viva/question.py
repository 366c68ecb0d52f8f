"""The questions of a viva sheet, as data."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a question is about; the value is its heading."""

    CODES = "Codes under your method"
    EDIT = "One edit of your code"
    WRONG = "A result of your code"
    MODEL = "Your saved model"
    TABLE = "Your tables"
    WIDTHS = "Your bit widths"


@dataclass(frozen=True)
class Part:
    """Hold one thing to answer, and its answer for staff."""

    ask: str
    answer: str


@dataclass(frozen=True)
class Question:
    """Hold one question of a sheet.

    Attributes:
        kind: What it is about.
        prompt: What the student reads first.
        shown: (label, text) of code and values that the student sees.
        parts: What to answer; `Part.answer` is for staff only.
        origin: Where the answers come from, for staff only.
    """

    kind: Kind
    prompt: str
    shown: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]
    origin: str


@dataclass(frozen=True)
class Sheet:
    """Hold the questions of one student; `fewer` says why there are fewer than three, or ""."""

    student: str
    questions: tuple[Question, ...]
    fewer: str = ""
