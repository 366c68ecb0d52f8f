"""The expected value of one part of an answer, a result or a gradient, with its rule."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from quantlab.protocol.calls import Answer, Program
from quantlab.protocol.comparison import CORRECT, WRONG, Outcome, Rule
from quantlab.protocol.parameters import parameter_of


@dataclass(frozen=True)
class Expectation:
    """The expected result of the call with this number, or its gradient for the named input."""

    call: int
    rule: Rule
    expected: Any
    gradient: str = ""

    def compare(self, answer: Answer) -> Outcome:
        """Return the outcome for this part of the answer."""
        if not self.gradient:
            return self.rule.compare(answer.results[self.call], self.expected)
        gradient = answer.gradients[self.call].get(self.gradient)
        if gradient is None:
            sentence = f"No gradient reaches {self.gradient}, so nothing before it can be trained."
            return Outcome(WRONG, sentence)
        outcome = self.rule.compare(gradient, self.expected)
        if outcome.correct:
            return outcome
        return replace(outcome, message=f"Gradient of {self.gradient}: {outcome.message}")


def first_unmet(
    expectations: Sequence[Expectation], answer: Answer
) -> tuple[Outcome, Expectation | None]:
    """Return the first outcome that is not correct, and its expectation; else a correct, None."""
    for expectation in expectations:
        outcome = expectation.compare(answer)
        if not outcome.correct:
            return outcome, expectation
    return Outcome(CORRECT), None


def change_warning(program: Program, changed: Sequence[str]) -> str:
    """Return the warning about changed inputs of a program."""
    argument = parameter_of(program, changed[0])
    return (
        f"The argument {argument} was changed in place, or through a result that shares its memory."
    )


def changed_arguments(program: Program, answer: Answer) -> tuple[str, ...]:
    """Return the names of the inputs whose values or dtype changed."""
    return tuple(
        name
        for name, before in program.inputs.items()
        if name in answer.inputs
        and (
            answer.inputs[name].dtype != before.dtype
            or not np.array_equal(answer.inputs[name], before, equal_nan=True)
        )
    )
