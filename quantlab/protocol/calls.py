"""What the worker is asked to do with a student's module, as data.

A `Program` is a short sequence of `Call`s made in one fresh process, on named inputs. Because it is
data, the same program runs against the student behind the wall, and against the reference and every
other known solution in the trusted process; only what comes back differs.

Values are numpy arrays (passed to the student as torch tensors), numbers, strings, booleans, None,
tuples, lists and dicts of these, and the markers below. This module is imported on both sides of
the wall and holds nothing that a student may not read.
"""

import builtins
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

# Of a Failure; a class of a student's own making could spell out what it has seen.
MESSAGE_LENGTH = 500  # characters
EXCEPTION_NAMES = frozenset(
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
)


@dataclass(frozen=True)
class Input:
    """Stands for the input of this name: the same tensor object wherever it appears."""

    name: str


@dataclass(frozen=True)
class Result:
    """Stands for what the call with this number (from 0) returned."""

    call: int


@dataclass(frozen=True)
class AdditiveLoss:
    """A callable argument `evaluate({layer: bits}) -> percent`, for variable-precision search.

    Gives `ceiling - sum(losses[layer][bits])`; raises ValueError for an unknown layer, a missing
    one or a width without a loss, and RuntimeError after `budget` evaluations.
    """

    ceiling: float
    losses: Mapping[str, Mapping[int, float]]
    budget: int


@dataclass(frozen=True)
class HostCallback:
    """Stands for an AdditiveLoss or a Constant that student code may ask, and not look into."""

    number: int


@dataclass(frozen=True)
class Constant:
    """A stand-in: a function that ignores its arguments and returns this value."""

    value: Any


@dataclass(frozen=True)
class Code:
    """A stand-in: the function `name` of `source`, a module executed by itself for this call.

    It is in the student's process, so it never holds the function that is being marked.
    """

    source: str
    name: str


# A HostCallback becomes a callable in the worker; calling it asks the host for the value.
StandIn = Constant | Code | Any


@dataclass(frozen=True)
class Call:
    """One call of `target`, a name in the student's module.

    With a `cotangent` (an array of the result's shape) the gradients of `sum(cotangent * result)`
    with respect to the inputs named in `wrt` come back; those inputs are made to require grad.
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
    """Calls on named inputs. `seed` is what torch, numpy and random are seeded with before.

    Every call gets fresh copies of the inputs. With `return_inputs` an input comes back as the
    calls left it, after every result has been written over: who changes an argument or returns its
    memory is seen.
    """

    calls: tuple[Call, ...]
    inputs: Mapping[str, np.ndarray] = field(default_factory=dict)
    seed: int = 0
    return_inputs: bool = False

    @property
    def target(self) -> str:
        """The function that the calls are about; empty for an import alone."""
        return self.calls[0].target if self.calls else ""


@dataclass(frozen=True)
class Answer:
    """What came back: per call the result and the gradients by input name; inputs if asked for.

    Tensors come back as numpy arrays, numpy scalars and 0-d tensors likewise (0-d arrays); python
    numbers, strings, None, lists, tuples and dicts as themselves.
    """

    results: tuple[Any, ...]
    gradients: tuple[Mapping[str, np.ndarray | None], ...] = ()
    inputs: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """Why no answer came: `kind` is a Verdict's value, `message` a sentence fit for the student.

    `exception` is the class name of what the student's code raised, from a fixed list of names or
    "Exception"; `line` the line of solution.py it came from; `output` the start of what it printed.
    """

    kind: str
    message: str
    exception: str | None = None
    line: int | None = None
    output: str = ""
