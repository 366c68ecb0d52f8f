"""Find out whether a check fails only because another function of the student's is wrong.

A public check contains the calls that a correct solution makes to other functions here, with the
correct results. The check runs again with these results in place of the student's function. If it
passes, the called function alone is at fault: this is never false, because the rest of the code is
the student's own. A call with other arguments goes to the student's function, and the replay says
that it is not complete. It also says which functions returned only right results then.
"""

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
import torch

from quantlab.checking.called_results import is_right
from quantlab.protocol.calls import Input
from quantlab.protocol.public_checks import Dependency
from quantlab.protocol.run_public_checks import CheckOutcome, run_check


@dataclass
class Replay:
    """A second run of a check, with correct results of the functions that it calls.

    Attributes:
        outcome: The outcome of the second run.
        called: The functions that were called.
        is_complete: Whether the correct result of every call is known.
        innocent: Called functions of which every result is known to be right in this check.
    """

    outcome: CheckOutcome
    called: tuple[str, ...]
    is_complete: bool
    innocent: frozenset[str] = frozenset()


@dataclass
class _Log:
    called: dict[str, None] = field(default_factory=dict)
    suspects: set[str] = field(default_factory=set)
    is_complete: bool = True


def replay(outcome: CheckOutcome, module: ModuleType) -> Replay:
    """Run the check of `outcome` again, with the correct results of its dependencies."""
    log = _Log()
    inputs = outcome.check.program.inputs
    replaced = {
        dependency.name: _replayed(dependency, inputs, vars(module)[dependency.name], log)
        for dependency in outcome.check.dependencies
        if callable(vars(module).get(dependency.name))
    }
    with _replace(module, replaced):
        second = run_check(outcome.check, module)
    innocent = frozenset(log.called) - log.suspects
    return Replay(second, tuple(log.called), log.is_complete, innocent)


def _replayed(
    dependency: Dependency,
    inputs: Mapping[str, np.ndarray],
    function: Callable[..., Any],
    log: _Log,
) -> Callable[..., Any]:
    calls = [
        [inputs[value.name] if isinstance(value, Input) else value for value in call]
        for call in dependency.calls
    ]

    @functools.wraps(function)
    def replayed(*args: Any, **kwargs: Any) -> Any:
        log.called[dependency.name] = None
        arguments = _arguments(function, args, kwargs)
        for call, result in zip(calls, dependency.results, strict=True):
            if len(arguments) == len(call) and all(map(_is_equal, arguments, call)):
                is_array = isinstance(result, np.ndarray)
                return torch.from_numpy(result.copy()) if is_array else result
        log.is_complete = False
        returned = function(*args, **kwargs)
        if not is_right(dependency.name, arguments, returned):
            log.suspects.add(dependency.name)
        return returned

    return replayed


def _arguments(function: Callable[..., Any], args: Any, kwargs: Any) -> list[Any]:
    """Return all arguments in the order of the signature; none if they do not fit."""
    try:
        bound = inspect.signature(function).bind(*args, **kwargs)
    except (TypeError, ValueError):
        return []
    bound.apply_defaults()
    return list(bound.arguments.values())


def _is_equal(got: Any, expected: Any) -> bool:
    left, right = _plain(got), _plain(expected)
    if not (isinstance(left, np.ndarray) and isinstance(right, np.ndarray)):
        return bool(type(left) is type(right) and left == right)
    if left.size == right.size == 1:
        return bool(left.reshape(()) == right.reshape(()))
    kinds = [array.dtype.kind == "f" for array in (left, right)]
    return kinds[0] == kinds[1] and np.array_equal(left, right)


def _plain(value: Any) -> Any:
    """Return numbers, tensors and pairs of numbers as arrays; other values as they are."""
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().numpy()
    is_pair = isinstance(value, (tuple, list)) and all(isinstance(v, int) for v in value)
    return np.asarray(value) if is_pair or isinstance(value, (int, float, np.ndarray)) else value


@contextlib.contextmanager
def _replace(module: ModuleType, functions: Mapping[str, Callable[..., Any]]) -> Iterator[None]:
    before = {name: vars(module)[name] for name in functions}
    vars(module).update(functions)
    try:
        yield
    finally:
        vars(module).update(before)
