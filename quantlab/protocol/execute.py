"""The execution of a `Program` on a solution, the same code inside and outside the sandbox.

In the worker the module is a student's; in the trusted process it is the reference or a solution of
the corpus. Exceptions of the solution's code pass through. The others are `AbsentFunction`,
`NotAFunction`, `WrongCall` and `UnsupportedResult`; their texts complete the sentences of
`quantlab.protocol.failure_reasons`.
"""

import contextlib
import functools
import linecache
import random
import sys
import traceback
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
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
from quantlab.protocol.plain_values import Encoder
from quantlab.protocol.scale_forms import Form, in_any_form
from quantlab.protocol.torch_settings import current_settings, restore

_ABSENT = object()


def load_module(source: str, name: str = "solution") -> types.ModuleType:
    """Execute `source` as a new module `name`, also in `sys.modules`; its file is `name`.py.

    Raises what the source raises. Settings of torch that it changes are restored. torch, numpy and
    random are seeded first: a module that draws numbers during its import draws the same ones
    every time.
    """
    return load_with_settings(source, name)[0]


def load_with_settings(source: str, name: str) -> tuple[types.ModuleType, tuple[str, ...]]:
    """Return what `load_module` returns, and the names of the settings that were restored."""
    text = source.removeprefix("\ufeff")
    code = _compiled(text, f"{name}.py")
    module = new_module(text, name)
    before = current_settings()
    try:
        exec(code, module.__dict__)
    finally:
        changed = restore(before)
    return module, changed


def new_module(text: str, name: str) -> types.ModuleType:
    """Return the empty module `name` of the source `text`, and seed what it may draw."""
    file = f"{name}.py"
    # inspect.getsource, which torch.jit.script uses, reads the text here: there is no such file.
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    module = types.ModuleType(name)
    module.__file__ = file
    sys.modules[name] = module  # dataclasses and pickle look a class up through its module's name
    _seed(0)
    return module


@functools.lru_cache(maxsize=512)
def _compiled(text: str, file: str) -> types.CodeType:
    return compile(text, file, "exec", dont_inherit=True)


def run_program(module: types.ModuleType, program: Program) -> Answer:
    """Make the calls of `program` on `module`, in order, and return copies of their results.

    Arrays become CPU tensors, fresh ones for every call: a call is not affected by what an earlier
    one did to its arguments. A call that takes an earlier result has that call's inputs. A call
    that raises is repeated with its scale and zero point in another form (`scale_forms`). Gradients
    are None for a result that is not a tensor, has another shape than the cotangent, or does not
    depend on the inputs. Settings of torch that a call changes are restored.
    """
    _seed(program.seed)
    encoder = Encoder()
    finished: list[_FinishedCall] = []
    before = current_settings()
    try:
        for call in program.calls:
            restore(replace(before, dtype=torch.float32))
            finished.append(_call_in_any_form(module, program, call, finished, encoder))
    finally:
        restore(before)
    after: Mapping[str, np.ndarray] = {}
    if program.return_inputs:
        for call_record in finished:
            _overwrite(call_record.returned)
        after = {name: _input_after(name, program, finished, encoder) for name in program.inputs}
    return Answer(
        tuple(record.result for record in finished),
        tuple(record.gradients for record in finished),
        after,
    )


@dataclass(frozen=True)
class _Inputs:
    """The tensors `passed` to a call, and the `leaves` that they are copies of."""

    leaves: Mapping[str, torch.Tensor]
    passed: Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class _FinishedCall:
    """A finished call: its inputs, the object that it returned, and the result as data."""

    inputs: _Inputs
    returned: Any
    result: Any
    gradients: Mapping[str, np.ndarray | None]


def _call_in_any_form(
    module: types.ModuleType,
    program: Program,
    call: Call,
    finished: list[_FinishedCall],
    encoder: Encoder,
) -> _FinishedCall:
    def attempt(form: Form) -> _FinishedCall:
        inputs = _inputs(program, call, finished)
        earlier = [record.returned for record in finished]
        returned = _call(module, call, inputs.passed, earlier, form)
        result = encoder.plain(returned)
        gradients = _gradients(call, returned, inputs.leaves, encoder)
        return _FinishedCall(inputs, returned, result, gradients)

    return in_any_form(call.target, attempt)


def _inputs(program: Program, call: Call, finished: list[_FinishedCall]) -> _Inputs:
    """Return the tensors of a call: those of the call before, fresh ones if it changed them.

    The same tensors expose a function that caches results by their identity. For gradients every
    call gets its own tensors, and a call that takes an earlier result gets that call's tensors.
    """
    earlier = [value.call for value in call.args if isinstance(value, Result)]
    if earlier:
        return finished[earlier[0]].inputs
    has_gradients = any(each.wrt for each in program.calls)
    if finished and not has_gradients and _is_unchanged(program, finished[-1]):
        return finished[-1].inputs
    leaves = {name: _tensor(array) for name, array in program.inputs.items()}
    passed = dict(leaves)
    with torch.enable_grad():
        for name in {name for each in program.calls for name in each.wrt}:
            leaves[name].requires_grad_(True)
            passed[name] = leaves[name].clone()  # torch forbids in-place operations on leaves
    return _Inputs(leaves, passed)


def _is_unchanged(program: Program, finished: _FinishedCall) -> bool:
    """Return whether the tensors of a call are equal to fresh ones."""
    return all(
        type(tensor := finished.inputs.passed[name]) is torch.Tensor
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


def _input_after(
    name: str, program: Program, finished: list[_FinishedCall], encoder: Encoder
) -> np.ndarray:
    """Return the input `name` after the first call that changed it; unchanged if none did."""
    before = program.inputs[name]
    for record in finished:
        after = encoder.array(record.inputs.passed[name])
        if after.dtype != before.dtype or not np.array_equal(after, before, equal_nan=True):
            return after
    return before


def _seed(seed: int) -> None:
    torch.default_generator.manual_seed(seed)  # manual_seed visits every kind of device: 5 ms
    np.random.seed(seed % 2**32)
    random.seed(seed)


def _tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.array(array, copy=True, order="C"))


def _call(
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
        with torch.enable_grad(), _replace_names(module, call.stand_ins):
            return function(*args, **kwargs)
    except TypeError as error:
        if _is_from_module(module, error):
            raise
        raise WrongCall(f"{_signature(call)}: {error}") from error


def _is_from_module(module: types.ModuleType, error: BaseException) -> bool:
    """Return whether code of the module was running when `error` was raised."""
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_code.co_filename == module.__file__ for frame, _ in frames)


def _signature(call: Call) -> str:
    """Return the call with types in place of values: `f(input, float, signed=bool)`."""
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
def _replace_names(module: types.ModuleType, stand_ins: Mapping[str, StandIn]) -> Iterator[None]:
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


def _overwrite(result: Any) -> None:
    """Change every element of the writable tensors in `result`."""
    if isinstance(result, torch.Tensor):
        with contextlib.suppress(RuntimeError), torch.no_grad():
            result.logical_not_() if result.dtype is torch.bool else result.add_(1)
    elif isinstance(result, Mapping):
        _overwrite(list(result.values()))
    elif isinstance(result, tuple | list):
        for part in result:
            _overwrite(part)


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
    gradients = torch.autograd.grad(
        outputs=result,
        inputs=[inputs[name] for name in call.wrt],
        grad_outputs=cotangent.to(result.dtype),
        retain_graph=True,  # a later call may use this result
        allow_unused=True,
    )
    pairs = zip(call.wrt, gradients, strict=True)
    return {name: None if grad is None else encoder.array(grad) for name, grad in pairs}
