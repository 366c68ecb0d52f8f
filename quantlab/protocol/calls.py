"""Calls into a student's module, as data.

A `Program` is a short sequence of `Call`s, made in one fresh process on named inputs. The same
program runs against the student's module in the sandbox, and against the reference and every
solution of the corpus in the trusted process.

Values are numpy arrays (passed to the student as torch tensors), numbers, strings, booleans, None,
tuples, lists and dicts of these, and the markers below. This module is imported inside and outside
the sandbox and contains nothing secret.
"""

import builtins
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

MESSAGE_LENGTH = 500  # characters of a Failure
# The names of a student's own exception classes could carry secrets out of the sandbox.
EXCEPTION_NAMES = frozenset(
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
)


@dataclass(frozen=True)
class Input:
    """A marker for the input of this name: the same tensor object in every place."""

    name: str


@dataclass(frozen=True)
class Result:
    """A marker for the result of the call with this number (from 0)."""

    call: int


@dataclass(frozen=True)
class AdditiveLoss:
    """A callable argument `evaluate({layer: bits}) -> percent`, for variable-precision search.

    It returns `ceiling - sum(losses[layer][bits])`. It raises ValueError for an unknown layer, a
    missing one or a width without a loss, and RuntimeError after `budget` evaluations.
    """

    ceiling: float
    losses: Mapping[str, Mapping[int, float]]
    budget: int


@dataclass(frozen=True)
class HostCallback:
    """A marker for an AdditiveLoss or a Constant whose values stay outside the sandbox."""

    number: int


@dataclass(frozen=True)
class Constant:
    """A stand-in: a function that ignores its arguments and returns this value."""

    value: Any


@dataclass(frozen=True)
class Code:
    """A stand-in: the function `name` of `source`, a module executed by itself for this call.

    It runs in the student's process, so it never contains the function that is graded.
    """

    source: str
    name: str


# A HostCallback becomes a callable in the worker; calling it asks the host for the value.
StandIn = Constant | Code | Any


@dataclass(frozen=True)
class Call:
    """One call of `target`, a name in the student's module.

    With a `cotangent` (an array of the result's shape) the answer contains the gradients of
    `sum(cotangent * result)` with respect to the inputs named in `wrt`, which then require grad.
    `stand_ins` replaces names in the student's module during this call.
    """

    target: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    cotangent: np.ndarray | None = None
    wrt: tuple[str, ...] = ()
    stand_ins: Mapping[str, StandIn] = field(default_factory=dict)


@dataclass(frozen=True)
class Program:
    """Calls on named inputs; `seed` seeds torch, numpy and random first.

    Every call gets fresh copies of the inputs. With `return_inputs` the answer contains the inputs
    after the calls, with every result overwritten: this shows changed arguments and results that
    share their memory.
    """

    calls: tuple[Call, ...]
    inputs: Mapping[str, np.ndarray] = field(default_factory=dict)
    seed: int = 0
    return_inputs: bool = False

    @property
    def target(self) -> str:
        """Return the name of the called function; "" for an import without calls."""
        return self.calls[0].target if self.calls else ""


@dataclass(frozen=True)
class Answer:
    """The answer to a program: per call the result and the gradients by input name; the inputs.

    Tensors, 0-d tensors and numpy scalars are numpy arrays. Python numbers, strings, None, lists,
    tuples and dicts are themselves.
    """

    results: tuple[Any, ...]
    gradients: tuple[Mapping[str, np.ndarray | None], ...] = ()
    inputs: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """The reason why there is no answer.

    Attributes:
        kind: The value of a Verdict.
        message: A sentence for the student.
        exception: The class name of the exception, from a fixed list or "Exception".
        line: The line of solution.py that raised it.
        output: The start of what the code printed.
    """

    kind: str
    message: str
    exception: str | None = None
    line: int | None = None
    output: str = ""
