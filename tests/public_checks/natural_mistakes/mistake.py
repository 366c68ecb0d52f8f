"""The form of a natural mistake: a student's code, and what `check` must say about it."""

import textwrap
from dataclasses import dataclass


@dataclass(frozen=True)
class NaturalMistake:
    """One mistake in one function of solution.py.

    Attributes:
        name: Unique among all mistakes.
        question: The question whose public checks must show it.
        function: The function that is wrong.
        code: Replaces the function.
        fix: The sentence of a teacher that leads to the fix without containing it as code.
        keywords: Groups of words, in lower case. The text of `check` leads to the fix if it
            contains at least one of every group. No group may be met by a text that only says
            that the result is wrong.
    """

    name: str
    question: str
    function: str
    code: str
    fix: str
    keywords: tuple[tuple[str, ...], ...]

    def source(self, correct: str) -> str:
        """Return `correct`, the text of a correct solution.py, with this mistake."""
        return f"{correct}\n\n{textwrap.dedent(self.code)}"

    def is_explained_by(self, text: str) -> bool:
        """Return whether `text` contains a keyword of every group."""
        words = " ".join(text.lower().split())
        return all(any(keyword in words for keyword in group) for group in self.keywords)
