"""Loads a solution and makes the calls of a `Program`: the same code on both sides of the wall.

In the worker the module is a student's; in the trusted process it is the reference or another known
solution. Exceptions of the solution's code come out unchanged. Besides these: `AbsentFunction`,
`NotAFunction`, `WrongCall` (it cannot be called as the assignment calls it) and `UnsupportedResult`
(an answer that is not data). Their texts complete the sentences of `quantlab.protocol.claims`.
"""

import contextlib
import functools
import linecache
import random
import sys
import traceback
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from quantlab.errors import AbsentFunction, NotAFunction, WrongCall
from quantlab.protocol.additive_loss import make_evaluate
from quantlab.protocol.calls import (
    AdditiveLoss,
    Answer,
    Call,
    Code,
    Constant,
    Input,
    Program,
    Result,
    StandIn,
)
from quantlab.protocol.encode import Encoder
from quantlab.protocol.scale_forms import Form, in_any_form

_ABSENT = object()


def load_module(source: str, name: str = "solution") -> types.ModuleType:
    """Executes `source` as a new module `name`, also in `sys.modules`; its file is `name`.py.

    Raises what the source raises. torch, numpy and random are seeded first, so that a module that
    draws numbers while it is imported draws the same ones every time.
    """
    file = f"{name}.py"
    text = source.removeprefix("\ufeff")
    code = _compiled(text, file)
    # inspect.getsource, which torch.jit.script uses, finds the text here: there is no such file.
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    module = types.ModuleType(name)
    module.__file__ = file
    sys.modules[name] = module  # dataclasses and pickle look a class up through its module's name
    _seed(0)
    exec(code, module.__dict__)
    return module


@functools.lru_cache(maxsize=512)
def _compiled(text: str, file: str) -> types.CodeType:
    return compile(text, file, "exec", dont_inherit=True)


def run_program(module: types.ModuleType, program: Program) -> Answer:
    """Makes the calls of `program` on `module`, in order; every result is copied when it comes.

    Arrays become CPU tensors, fresh ones for every call, so that a call is not judged by what an
    earlier one did to its arguments; a call that gets an earlier result has that call's inputs. A
    call that fails is made again with its scale and zero point in another form (`forms`).
    Gradients of a result that has none (not a tensor, of another shape than the cotangent, cut off
    from the inputs) are None.
    """
    _seed(program.seed)
    encoder = Encoder()
    made: list[_Made] = []
    for call in program.calls:
        made.append(_in_any_form(module, program, call, made, encoder))
    after: Mapping[str, np.ndarray] = {}
    if program.return_inputs:
        for one in made:
            _write_over(one.returned)
        after = {name: _afterwards(name, program, made, encoder) for name in program.inputs}
    results, gradients = (one.result for one in made), (one.gradients for one in made)
    return Answer(tuple(results), tuple(gradients), after)


@dataclass(frozen=True)
class _Inputs:
    """The tensors of a call: `passed` to it, and the `leaves` that they were copied from."""

    leaves: Mapping[str, torch.Tensor]
    passed: Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class _Made:
    """A call that was made: its inputs, what it returned, and that as data."""

    inputs: _Inputs
    returned: Any
    result: Any
    gradients: Mapping[str, np.ndarray | None]


def _in_any_form(
    module: types.ModuleType, program: Program, call: Call, made: list[_Made], encoder: Encoder
) -> _Made:
    def attempt(form: Form) -> _Made:
        inputs = _inputs(program, call, made)
        returned = _make(module, call, inputs.passed, [one.returned for one in made], form)
        result = encoder.plain(returned)
        return _Made(inputs, returned, result, _gradients(call, returned, inputs.leaves, encoder))

    return in_any_form(call.target, attempt)


def _inputs(program: Program, call: Call, made: list[_Made]) -> _Inputs:
    """Return the tensors of a call: those of the call before, fresh ones if it changed them.

    The same tensors show a function that remembers results by their identity. Where gradients are
    wanted every call gets its own, and a call that is given an earlier one's result gets those of
    that one.
    """
    earlier = [value.call for value in call.args if isinstance(value, Result)]
    if earlier:
        return made[earlier[0]].inputs
    if made and not any(each.wrt for each in program.calls) and _is_unchanged(program, made[-1]):
        return made[-1].inputs
    leaves = {name: _tensor(array) for name, array in program.inputs.items()}
    passed = dict(leaves)
    with torch.enable_grad():  # whatever the solution set while it was imported
        for name in {name for each in program.calls for name in each.wrt}:
            leaves[name].requires_grad_(True)
            passed[name] = leaves[name].clone()  # torch forbids in-place operations on leaves
    return _Inputs(leaves, passed)


def _is_unchanged(program: Program, made: _Made) -> bool:
    """Return whether a call left its tensors as fresh ones are."""
    return all(
        type(tensor := made.inputs.passed[name]) is torch.Tensor
        and not tensor.requires_grad
        and _is_same(encoded=before, tensor=tensor)
        for name, before in program.inputs.items()
    )


def _is_same(encoded: np.ndarray, tensor: torch.Tensor) -> bool:
    try:
        now = tensor.numpy()
    except (RuntimeError, TypeError):  # its storage or layout was exchanged
        return False
    is_float = encoded.dtype.kind == "f"
    return now.dtype == encoded.dtype and np.array_equal(now, encoded, equal_nan=is_float)


def _afterwards(name: str, program: Program, made: list[_Made], encoder: Encoder) -> np.ndarray:
    """The input `name` as a call left it: as one that changed it did, if any."""
    before = program.inputs[name]
    for one in made:
        after = encoder.array(one.inputs.passed[name])
        if after.dtype != before.dtype or not np.array_equal(after, before, equal_nan=True):
            return after
    return before


def _seed(seed: int) -> None:
    torch.default_generator.manual_seed(seed)  # manual_seed visits every kind of device: 5 ms
    np.random.seed(seed % 2**32)
    random.seed(seed)


def _tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.array(array, copy=True, order="C"))


def _make(
    module: types.ModuleType,
    call: Call,
    inputs: Mapping[str, torch.Tensor],
    returned: list[Any],
    form: Form,
) -> Any:
    function = vars(module).get(call.target, _ABSENT)
    if function is _ABSENT:
        raise AbsentFunction(call.target)
    if not callable(function):
        raise NotAFunction(type(function).__name__)
    args, kwargs = form(
        tuple(_argument(value, inputs, returned) for value in call.args),
        {name: _argument(value, inputs, returned) for name, value in call.kwargs.items()},
    )
    try:
        # A solution may have switched gradients off, or to another dtype, for its own experiments.
        torch.set_default_dtype(torch.float32)
        with torch.enable_grad(), _standing_in(module, call.stand_ins):
            return function(*args, **kwargs)
    except TypeError as error:
        if _entered(module, error):
            raise
        raise WrongCall(f"{_spelled(call)}: {error}") from error


def _entered(module: types.ModuleType, error: BaseException) -> bool:
    """Whether `error` came up when code of the module was already running."""
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_code.co_filename == module.__file__ for frame, _ in frames)


def _spelled(call: Call) -> str:
    """The call as its author would write it, types for values: `f(input, float, signed=bool)`."""
    named = [f"{name}={_kind(value)}" for name, value in call.kwargs.items()]
    return f"{call.target}({', '.join([*map(_kind, call.args), *named])})"


def _kind(value: Any) -> str:
    match value:
        case Input(name):
            return name
        case Result(_) | np.ndarray():
            return "tensor"
        case Mapping():
            return "dict"
    if isinstance(value, AdditiveLoss) or callable(value):
        return "function"
    return type(value).__name__


def _argument(  # noqa: PLR0911 - one return per kind of value
    value: Any, inputs: Mapping[str, torch.Tensor], returned: list[Any]
) -> Any:
    match value:
        case Input(name):
            return inputs[name]
        case Result(call):
            return returned[call]
        case AdditiveLoss():
            return make_evaluate(value)
        case np.ndarray():
            return _tensor(value)
        case tuple() | list():
            return type(value)(_argument(part, inputs, returned) for part in value)
        case Mapping():
            return {key: _argument(part, inputs, returned) for key, part in value.items()}
    return value


@contextlib.contextmanager
def _standing_in(module: types.ModuleType, stand_ins: Mapping[str, StandIn]) -> Iterator[None]:
    names = vars(module)
    before = {name: names.get(name, _ABSENT) for name in stand_ins}
    names.update({name: _function(stand_in) for name, stand_in in stand_ins.items()})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is _ABSENT:
                names.pop(name, None)
            else:
                names[name] = value


def _function(stand_in: Any) -> Callable[..., Any]:
    if isinstance(stand_in, Code):
        names: dict[str, Any] = {"__name__": "stand_in"}
        exec(compile(stand_in.source, "stand_in.py", "exec", dont_inherit=True), names)
        function: Callable[..., Any] = names[stand_in.name]
        return function

    def constant(*_args: Any, **_kwargs: Any) -> Any:
        value = stand_in.value if isinstance(stand_in, Constant) else stand_in()
        return _argument(value, {}, [])  # a fresh copy, which the caller may change

    return constant


def _write_over(result: Any) -> None:
    """Changes every element of the tensors in `result`, where they can be written to."""
    if isinstance(result, torch.Tensor):
        with contextlib.suppress(RuntimeError), torch.no_grad():
            result.logical_not_() if result.dtype is torch.bool else result.add_(1)
    elif isinstance(result, Mapping):
        _write_over(list(result.values()))
    elif isinstance(result, tuple | list):
        for part in result:
            _write_over(part)


def _gradients(
    call: Call, result: Any, inputs: Mapping[str, torch.Tensor], encoder: Encoder
) -> Mapping[str, np.ndarray | None]:
    if call.cotangent is None or not call.wrt:
        return {}
    cotangent = _tensor(call.cotangent)
    if (
        not isinstance(result, torch.Tensor)
        or not result.requires_grad
        or result.shape != cotangent.shape
    ):
        return dict.fromkeys(call.wrt)
    found = torch.autograd.grad(
        outputs=result,
        inputs=[inputs[name] for name in call.wrt],
        grad_outputs=cotangent.to(result.dtype),
        retain_graph=True,  # a later call may go on from this result
        allow_unused=True,
    )
    pairs = zip(call.wrt, found, strict=True)
    return {name: None if grad is None else encoder.array(grad) for name, grad in pairs}
