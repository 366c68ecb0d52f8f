"""Name the mistake behind a wrong answer: the mutant that gives exactly this answer.

A student's answer is compared, on the same inputs, with the answers of every mutant that the check
must catch. A row of a table is compared with what the mutant makes of the correct one. Only an
exact match explains an answer (real numbers within rounding). It names the mistake only if one
sentence fits; on some inputs two mistakes give the same answer. The sentences are a fixed
vocabulary, so hidden checks may show them too.
"""

import copy
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from autograder.engine.corpus import Mutant
from autograder.engine.record import Misconception
from quantlab.protocol.calls import Answer, Program
from quantlab.protocol.comparison import is_same
from quantlab.protocol.execute import load_module, run_program
from quantlab.protocol.expectation import changed_arguments


class Misconceptions:
    """Name mistakes by the known mutants. Safe to share between threads.

    The mutants are trusted code and run in this process. Each is loaded again for every program, as
    the student's code was.
    """

    def __init__(self, reference: str, mutants: Iterable[Mutant]) -> None:
        """Keep the mutants that can be named; `reference` is its solution.py."""
        self._reference = reference
        named = tuple(mutant for mutant in mutants if mutant.named)
        self._mutants = tuple(mutant for mutant in named if mutant.in_solution)
        self._tables = tuple(mutant for mutant in named if mutant.folder == "answers")
        self._lock = threading.Lock()

    def explain(
        self, check: str, program: Program, answer: Answer, alike: Callable[[Answer], bool]
    ) -> tuple[Misconception, ...]:
        """Return every mistake that gives this answer.

        `alike` says whether another answer gets the same verdict.
        """
        with self._lock:
            return tuple(
                Misconception(mutant.name, mutant.sentence)
                for mutant in self._mutants
                if mutant.may_be_caught_by(check) and self._gives(mutant, program, answer, alike)
            )

    def explain_row(
        self, check: str, right: Mapping[str, Any], is_reported: Callable[[Any], bool]
    ) -> tuple[Misconception, ...]:
        """Return every mistake that turns the record `right` into the reported row.

        `right` has the form of answers.json; it may lack what the row does not need.
        """
        return tuple(
            Misconception(mutant.name, mutant.sentence)
            for mutant in self._tables
            if mutant.may_be_caught_by(check) and _gives_row(mutant, right, is_reported)
        )

    def _gives(
        self, mutant: Mutant, program: Program, answer: Answer, alike: Callable[[Answer], bool]
    ) -> bool:
        try:
            module = load_module(mutant.source(self._reference), name=f"mutant {mutant.name}")
            theirs = run_program(module, program)
        except Exception:  # a mistake that shows as an exception has a sentence already
            return False
        return (
            is_same(answer.results, theirs.results)
            and is_same(answer.gradients, theirs.gradients)
            and changed_arguments(program, answer) == changed_arguments(program, theirs)
            and alike(theirs)
        )


def only_mistake(mistakes: Iterable[Misconception]) -> Misconception | None:
    """Return the mistake if all have one sentence; None if there is none, or another fits too."""
    by_sentence = {mistake.sentence: mistake for mistake in mistakes}
    return next(iter(by_sentence.values())) if len(by_sentence) == 1 else None


def _gives_row(
    mutant: Mutant, right: Mapping[str, Any], is_reported: Callable[[Any], bool]
) -> bool:
    record = copy.deepcopy(dict(right))
    try:
        mutant.change()(record)
    except KeyError:  # it needs numbers that are not among those given
        return False
    return is_reported(record)
