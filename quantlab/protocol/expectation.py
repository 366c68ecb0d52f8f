"""What one part of an answer has to be: a result or a gradient, and the rule it is compared by."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from quantlab.protocol.calls import Answer, Program
from quantlab.protocol.comparison import CORRECT, WRONG, Outcome, Rule


@dataclass(frozen=True)
class Expectation:
    """`expected` by `rule`, of the call with this number; of its gradient for an input if named."""

    call: int
    rule: Rule
    expected: Any
    gradient: str = ""

    def compare(self, answer: Answer) -> Outcome:
        """How the answer to the program does here; a sentence about a gradient says so."""
        if not self.gradient:
            return self.rule.compare(answer.results[self.call], self.expected)
        found = answer.gradients[self.call].get(self.gradient)
        if found is None:
            sentence = f"No gradient reaches {self.gradient}, so nothing before it can be trained."
            return Outcome(WRONG, sentence)
        outcome = self.rule.compare(found, self.expected)
        if outcome.correct:
            return outcome
        return replace(outcome, message=f"Gradient of {self.gradient}: {outcome.message}")


def first_unmet(
    expectations: Sequence[Expectation], answer: Answer
) -> tuple[Outcome, Expectation | None]:
    """The first outcome that is not correct, and whose; a correct one and None if all are met."""
    for expectation in expectations:
        outcome = expectation.compare(answer)
        if not outcome.correct:
            return outcome, expectation
    return Outcome(CORRECT), None


def warning(changed: Sequence[str]) -> str:
    """Return what is said of arguments that did not come back as they were."""
    return f"The argument {changed[0]} was changed in place, or its memory returned."


def changed_arguments(program: Program, answer: Answer) -> tuple[str, ...]:
    """The inputs that did not come back as they were sent, in values or dtype."""
    return tuple(
        name
        for name, before in program.inputs.items()
        if name in answer.inputs
        and (
            answer.inputs[name].dtype != before.dtype
            or not np.array_equal(answer.inputs[name], before, equal_nan=True)
        )
    )
