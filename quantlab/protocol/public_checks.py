"""The visible checks as they are given to students: inputs, what must come, and known mistakes.

They lie in `tests/public/<question>.checks`, one file per question, written by the instructor's
side from the checks that mark. Inputs and answers in them are real; the grader draws others. Files
that are missing or damaged are a `NoPublicChecks`, one sentence.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from quantlab.errors import NoPublicChecks, WireError
from quantlab.paths import KIT
from quantlab.protocol.calls import AdditiveLoss, Answer, Call, Constant, Input, Program, Result
from quantlab.protocol.comparison import (
    AnyOf,
    Close,
    Codes,
    Each,
    IntegerTensor,
    Outcome,
    Widths,
    is_same,
)
from quantlab.protocol.expectation import Expectation, changed_arguments, first_unmet, warning
from quantlab.protocol.wire import MAX_BYTES, pack, unpack

FOLDER = KIT / "tests" / "public"
SUFFIX = ".checks"


@dataclass(frozen=True)
class Mistake:
    """What a known mistake answers, how that compares, and the sentence that teaches."""

    sentence: str
    kind: str
    answer: Answer
    changes: tuple[str, ...] = ()  # arguments that it changes in place


@dataclass(frozen=True)
class PublicCheck:
    """One visible check: the program is run on a solution, `expectations` say what must come.

    `otherwise` asks the same in other words: right in one of them is enough.
    """

    id: str
    title: str
    points: float
    program: Program
    expectations: tuple[Expectation, ...]
    mistakes: tuple[Mistake, ...] = ()
    otherwise: Program | None = None

    def judge(self, answer: Answer) -> tuple[Outcome, Expectation | None]:
        """Return the first thing that is wrong with `answer`; that of a right one may warn."""
        outcome, unmet = first_unmet(self.expectations, answer)
        changed = changed_arguments(self.program, answer)
        if outcome.correct and changed:
            return replace(outcome, message=warning(changed)), None
        return outcome, unmet

    def hint(self, answer: Answer) -> str:
        """The sentence of the one mistake that gives exactly this answer; else empty."""
        kind, changed = self.judge(answer)[0].kind, changed_arguments(self.program, answer)
        sentences = {
            mistake.sentence
            for mistake in self.mistakes
            if mistake.kind == kind
            and mistake.changes == changed
            and is_same(answer.results, mistake.answer.results)
            and is_same(answer.gradients, mistake.answer.gradients)
        }
        return sentences.pop() if len(sentences) == 1 else ""


_RECORDS: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        *(AdditiveLoss, Answer, Call, Constant, Input, Program, Result),
        *(AnyOf, Close, Codes, Each, IntegerTensor, Widths),
        *(Expectation, Mistake, PublicCheck),
    )
}


def to_bytes(checks: Sequence[PublicCheck]) -> bytes:
    """The content of the file of one question."""
    return pack(tuple(checks))


def questions(folder: Path = FOLDER) -> tuple[str, ...]:
    """The questions that have public checks, in order."""
    return tuple(sorted(path.stem for path in folder.glob(f"*{SUFFIX}")))


def load(question: str, folder: Path = FOLDER) -> tuple[PublicCheck, ...]:
    """The public checks of one question. Raises `NoPublicChecks`."""
    path = folder / f"{question}{SUFFIX}"
    if not path.is_file():
        raise NoPublicChecks(
            f"Question {question!r} has no functions to check; those that have are "
            f"{', '.join(questions(folder)) or f'none, for there are no checks in {folder}'}."
        )
    try:
        checks = unpack(path.read_bytes(), MAX_BYTES, _RECORDS)
    except (OSError, WireError) as error:
        raise NoPublicChecks(
            f"{path} cannot be read ({error}): get the bundle of the assignment again."
        ) from error
    return tuple(checks)
