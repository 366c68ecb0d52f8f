"""The public checks that students receive: inputs, expected results, and known mistakes.

`python -m authoring build` writes them from the grading checks to `tests/public/<question>.checks`,
one file per question. The grader draws other inputs. Missing or damaged files raise
`NoPublicChecks`.
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
from quantlab.protocol.expectation import (
    Expectation,
    change_warning,
    changed_arguments,
    first_unmet,
)
from quantlab.protocol.wire import MAX_BYTES, pack, unpack

FOLDER = KIT / "tests" / "public"
SUFFIX = ".checks"


@dataclass(frozen=True)
class Mistake:
    """A known mistake: its answer, the kind of its outcome, and the hint for it."""

    sentence: str
    kind: str
    answer: Answer
    changes: tuple[str, ...] = ()  # arguments changed in place


@dataclass(frozen=True)
class PublicCheck:
    """One public check: a program to run on a solution, and its expected results.

    `otherwise` is an equivalent program with other names: one correct answer is enough.
    """

    id: str
    title: str
    points: float
    program: Program
    expectations: tuple[Expectation, ...]
    mistakes: tuple[Mistake, ...] = ()
    otherwise: Program | None = None

    def judge(self, answer: Answer) -> tuple[Outcome, Expectation | None]:
        """Return the first outcome that is not correct, with its expectation; else correct, None.

        A correct outcome may contain a warning.
        """
        outcome, unmet = first_unmet(self.expectations, answer)
        changed = changed_arguments(self.program, answer)
        if outcome.correct and changed:
            return replace(outcome, message=change_warning(changed)), None
        return outcome, unmet

    def hint(self, answer: Answer) -> str:
        """Return the hint of the one mistake with exactly this answer; else ""."""
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
    """Return the content of the file of one question."""
    return pack(tuple(checks))


def questions(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the questions that have public checks, in order."""
    return tuple(sorted(path.stem for path in folder.glob(f"*{SUFFIX}")))


def load(question: str, folder: Path = FOLDER) -> tuple[PublicCheck, ...]:
    """Return the public checks of one question.

    Raises:
        NoPublicChecks: There are none, or the file cannot be read.
    """
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
