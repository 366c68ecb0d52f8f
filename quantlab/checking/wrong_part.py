"""The part of an answer that is wrong: one result or gradient, with the arguments of its call."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantlab.protocol.calls import Call, Input
from quantlab.protocol.comparison import is_number
from quantlab.protocol.parameters import PARAMETERS
from quantlab.protocol.run_public_checks import CheckOutcome


@dataclass(frozen=True)
class WrongPart:
    """A result, or the gradient for one argument, that is not as expected.

    Attributes:
        target: The function.
        number: The number of the call in the program.
        arguments: The arguments of the call by name; tensors are arrays.
        got: The student's value.
        expected: A correct value.
        gradient: The name of the input whose gradient it is; "" for a result.
        upstream: The gradient of the loss with respect to the result, for a gradient.
    """

    target: str
    number: int
    arguments: Mapping[str, Any]
    got: Any
    expected: Any
    gradient: str = ""
    upstream: np.ndarray | None = None

    def array(self, name: str) -> np.ndarray:
        """Return an argument as float64."""
        return np.asarray(self.arguments[name], np.float64)

    def number_of(self, name: str) -> float:
        """Return an argument that is one number."""
        return float(self.array(name))

    @property
    def is_comparable(self) -> bool:
        """Return whether `got` has finite numbers of the expected shape."""
        return (
            is_number(self.got)
            and np.shape(self.got) == np.shape(self.expected)
            and bool(np.all(np.isfinite(self.got)))
        )


def wrong_part(outcome: CheckOutcome) -> WrongPart | None:
    """Return what is wrong in an outcome with an answer; None if there is none."""
    unmet, answer = outcome.unmet, outcome.answer
    if unmet is None or answer is None:
        return None
    if unmet.gradient:
        got: Any = answer.gradients[unmet.call].get(unmet.gradient)
    else:
        got = answer.results[unmet.call]
    call = outcome.program.calls[unmet.call]
    arguments = arguments_of(call, outcome.program.inputs)
    return WrongPart(
        call.target,
        unmet.call,
        arguments,
        got,
        first_correct(unmet.expected),
        unmet.gradient,
        call.cotangent,
    )


def arguments_of(call: Call, inputs: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Return the arguments of a call by name, with the inputs in place of their markers."""
    named = {**dict(zip(PARAMETERS[call.target], call.args, strict=False)), **call.kwargs}
    return {name: inputs[v.name] if isinstance(v, Input) else v for name, v in named.items()}


def first_correct(expected: Any) -> Any:
    """Return the first of several correct values."""
    if isinstance(expected, list):
        return expected[0]
    if isinstance(expected, tuple):
        return tuple(first_correct(part) for part in expected)
    return expected


def worst_index(part: WrongPart) -> tuple[int, ...]:
    """Return the index of the largest difference; of equal ones that with the smallest input."""
    got, expected = np.asarray(part.got, np.float64), np.asarray(part.expected, np.float64)
    distance = np.abs(got - expected)
    size = part.array("input") if np.shape(part.arguments["input"]) == got.shape else expected
    key = np.where(distance >= distance.max() * (1 - 1e-9), np.abs(size), np.inf)
    return tuple(int(i) for i in np.unravel_index(int(np.argmin(key)), key.shape))


def text(value: Any) -> str:
    """Return a number with four digits, or all digits of a whole number."""
    number = float(value)
    if number.is_integer() and abs(number) < 1e15:
        return str(int(number))
    return f"{number:.4g}"


def text_beside(value: Any, other: Any) -> str:
    """Return `value` with as many digits as show that it differs from `other`."""
    for digits in (4, 6, 9):
        shown = f"{float(value):.{digits}g}"
        if float(shown) != float(f"{float(other):.{digits}g}"):
            break
    return text(value) if float(value).is_integer() else shown


def place(index: tuple[int, ...]) -> str:
    """Return an index as `[0, 3]`."""
    return f"[{', '.join(map(str, index))}]"
