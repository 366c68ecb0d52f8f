"""Order and divide answers without names: shuffled by a seed, split and sampled by a hash.

The same seed gives the same order for every grader. Shares and samples do not depend on who else is
in the class, so an answer never moves to another grader.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from autograder.course.personal_words import is_distinctive, is_personal
from autograder.desk.answers import Answer
from autograder.platforms.export_entry import ExportEntry
from quantlab.intake.names import student_id
from quantlab.intake.submission import name_without_suffix

REMOVED = "…"
_SHORTEST_WORD = 4  # letters of a name; shorter ones are in every text
_PARTS = 2**32
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class Share:
    """Hold which part of the answers a grader reads: part `number` of `of`, from 1."""

    number: int = 1
    of: int = 1

    def contains(self, student: str) -> bool:
        """Return whether the answers of a student are in this part."""
        return _hash("split", student) % self.of == self.number - 1


def shuffle(students: Iterable[str], question: str, seed: int) -> tuple[str, ...]:
    """Return the students in the order in which their answers are shown."""
    return tuple(sorted(students, key=lambda student: _hash(f"order {seed} {question}", student)))


def sample(students: Collection[str], question: str, percent: float) -> frozenset[str]:
    """Return the students whose answers have a second reading: `percent` of them, at least one."""
    count = min(len(students), max(1, round(len(students) * percent / 100))) if percent else 0
    ranked = sorted(students, key=lambda student: _hash(f"second {question}", student))
    return frozenset(ranked[:count])


def _hash(purpose: str, student: str) -> int:
    digest = hashlib.sha256(f"{purpose}\0{student}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % _PARTS


def identifying_words(entry: ExportEntry) -> tuple[str, ...]:
    """Return what names a student: ids, full names, words of names. The longest are first.

    The path of a submission counts only where it is the id as the student wrote it. Other paths
    contain words of the course.
    """
    columns = [
        value for row in entry.lms.values() for column, value in row.items() if is_personal(column)
    ]
    ids = [entry.student, *entry.members]
    place = name_without_suffix(entry.path.split("/")[0])
    if student_id(place).value == entry.student:
        ids.append(place)
    phrases = {text.strip() for text in (*ids, *columns) if is_distinctive(text.strip())}
    names = [text for text in columns if not _DIGIT.search(text)]  # not "Participant 12345"
    words = {
        word
        for text in (*ids, *names)
        for word in re.findall(r"[^\W_]+", text)
        if len(word) >= _SHORTEST_WORD and word[0].isupper()
    }
    return tuple(sorted(phrases | words, key=lambda text: (-len(text), text)))


def without_names(text: str, words: Sequence[str]) -> str:
    """Return a text with every identifying word replaced by "…".

    Words count as they are written in the export, so that "Max" goes and "max" stays.
    """
    if not words:
        return text
    pattern = "|".join(map(re.escape, words))
    return re.sub(rf"(?<![^\W_])(?:{pattern})(?![^\W_])", REMOVED, text)


def hide_names(answer: Answer, words: Sequence[str]) -> Answer:
    """Return the answer without identifying words in its texts and file names."""
    passages = tuple(
        replace(p, text=without_names(p.text, words), file=without_names(p.file, words))
        for p in answer.passages
    )
    problems = tuple(without_names(problem, words) for problem in answer.problems)
    return replace(answer, passages=passages, problems=problems)
