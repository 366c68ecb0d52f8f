"""The public checks that students receive: inputs, expected results, and known mistakes.

`python -m authoring build` writes them from the grading checks to `tests/public/<question>.checks`,
one file per question. The grader draws other inputs. Missing or damaged files raise
`NoPublicChecks`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

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
from quantlab.protocol.quality_rules import (
    AboveFloor,
    AtMostUniform,
    BestScale,
    NearLeastError,
)
from quantlab.protocol.wire import MAX_BYTES, pack, unpack

FOLDER = KIT / "tests" / "public"
SUFFIX = ".checks"
SAMPLES = 64  # of a large array in the answer of a mistake


@dataclass(frozen=True)
class Mistake:
    """A known mistake: its sentence, and its answer to one check.

    Attributes:
        name: The same name is the same mistake in every check.
        sentence: The hint for it.
        kind: The kind of the outcome, "" if the mistake raises an exception here.
        answer: The answer, condensed; None if the mistake raises an exception here.
        changes: The arguments that it changes in place.
    """

    name: str
    sentence: str
    kind: str = ""
    answer: Answer | None = None
    changes: tuple[str, ...] = ()

    def gives(self, answer: Answer, kind: str, changes: tuple[str, ...]) -> bool:
        """Return whether an answer, the kind of its outcome and its changes are this mistake's."""
        return (
            self.answer is not None
            and self.kind == kind
            and self.changes == changes
            and is_same(condense(answer.results), self.answer.results)
            and is_same(condense(answer.gradients), self.answer.gradients)
        )


def condense(value: Any) -> Any:
    """Return `value` with samples and sums in place of its large arrays, to keep files small."""
    if isinstance(value, np.ndarray) and value.size > 2 * SAMPLES and value.dtype.kind in "iuf":
        flat = value.reshape(-1).astype(np.float64)
        samples = flat[np.linspace(0, flat.size - 1, SAMPLES).astype(int)]
        return {
            "shape": value.shape,
            "samples": samples,
            "sums": [float(flat.sum()), float(np.abs(flat).sum())],
        }
    if isinstance(value, Mapping):
        return {key: condense(part) for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(condense(part) for part in value)
    return value


@dataclass(frozen=True)
class Dependency:
    """Another function of the student's that the checked one may call.

    `calls` are the arguments, complete and in the order of the signature, of each call that a
    correct solution makes here, and `results` the correct results. Both are empty where these calls
    differ between correct solutions.
    """

    name: str
    calls: tuple[tuple[Any, ...], ...] = ()
    results: tuple[Any, ...] = ()


@dataclass(frozen=True)
class PublicCheck:
    """One public check: a program to run on a solution, and its expected results.

    Attributes:
        mistakes: The known mistakes that fail this check. All other known ones pass it.
        otherwise: An equivalent program with other names: one correct answer is enough.
        dependencies: Functions that the checked one may call.
    """

    id: str
    title: str
    points: float
    program: Program
    expectations: tuple[Expectation, ...]
    mistakes: tuple[Mistake, ...] = ()
    otherwise: Program | None = None
    dependencies: tuple[Dependency, ...] = ()

    def judge(self, answer: Answer) -> tuple[Outcome, Expectation | None]:
        """Return the first outcome that is not correct, with its expectation; else correct, None.

        A correct outcome may contain a warning.
        """
        outcome, unmet = first_unmet(self.expectations, answer)
        changed = changed_arguments(self.program, answer)
        if outcome.correct and changed:
            return replace(outcome, message=change_warning(self.program, changed)), None
        return outcome, unmet


_RECORDS: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        *(AdditiveLoss, Answer, Call, Constant, Input, Program, Result),
        *(AnyOf, Close, Codes, Each, IntegerTensor, Widths),
        *(AboveFloor, AtMostUniform, BestScale, NearLeastError),
        *(Dependency, Expectation, Mistake, PublicCheck),
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
