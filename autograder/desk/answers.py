"""What a grader reads of one student for one question, as data."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from autograder.platforms.nbgrader_course.criteria import Criterion


@dataclass(frozen=True)
class Question:
    """Hold a question with a written answer.

    Attributes:
        id: such as "1b".
        check: its check in the rubric, such as "1b.explanation".
        title: the title of the check.
        points: the most points.
        criteria: what staff look for.
        prompt: what students were asked.
    """

    id: str
    check: str
    title: str
    points: float
    criteria: tuple[Criterion, ...]
    prompt: str


@dataclass(frozen=True)
class Passage:
    """Hold a text of a student, or why a file can't be read.

    Attributes:
        file: the name of the file.
        text: the text, not escaped.
        is_whole: whether it is all text of the file, because the question was not recognized.
        problem: a sentence if the file can't be read, or "".
    """

    file: str
    text: str
    is_whole: bool = False
    problem: str = ""


@dataclass(frozen=True)
class Figure:
    """Hold a PNG picture, its question, and whether it belongs to the answer's own question."""

    png: bytes
    question: str


@dataclass(frozen=True)
class NumberTable:
    """Hold numbers of answers.json: {row: {column: number or None}} and their unit."""

    title: str
    columns: tuple[str, ...]
    rows: Mapping[str, tuple[float | None, ...]]
    unit: str = ""

    def values(self) -> Mapping[str, float]:
        """Return {"row, column": number} of the filled cells."""
        return {
            f"{row}, {column}": number
            for row, numbers in self.rows.items()
            for column, number in zip(self.columns, numbers, strict=True)
            if number is not None
        }


@dataclass(frozen=True)
class Answer:
    """Hold what is beside the criteria: texts, figures, tables, and problems of the files."""

    passages: tuple[Passage, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[NumberTable, ...] = ()
    problems: tuple[str, ...] = field(default=())

    @property
    def digest(self) -> str:
        """Return the digest of the texts, which changes when another answer is submitted."""
        text = "\0".join(f"{passage.text}\0{passage.problem}" for passage in self.passages)
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
