"""Let student code call functions whose contents it must not see: the host answers.

Whoever could read the losses behind `evaluate` would know the answer, and whoever could reset its
count would have no budget. The constant that replaces `integer_linear` must be visible only to its
caller. So the worker gets a `Question` in their place. A call sends one line, `?[number, {layer:
bits}]` or `?[number]`, and waits for one line with the value or the exception. `WireError` is
raised for a malformed line or one callback too many.
"""

import base64
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from quantlab.protocol.additive_loss import Evaluate, make_evaluate
from quantlab.protocol.calls import AdditiveLoss, Call, Constant, HostCallback, Program
from quantlab.protocol.wire import WireError, pack, unpack

MARK, END = b"?", b"\n"
LONGEST = 1 << 14  # bytes of a line; twenty layers take 600
_REFUSALS = 1000  # answered in words when a budget is spent; a worker that continues is stopped
_RAISED: Mapping[str, type[Exception]] = {"ValueError": ValueError, "RuntimeError": RuntimeError}


# The grader's side --------------------------------------------------------------------------------


def hidden(program: Program) -> Program:
    """Return `program` for the worker: a numbered `Question` in place of every secret."""
    numbers = itertools.count()
    return _replaced(program, AdditiveLoss | Constant, lambda _: HostCallback(next(numbers)))


def responder(program: Program) -> Callable[[bytes], bytes] | None:
    """Return the function that answers callbacks of `program`; None if it has no secrets."""
    secrets: list[AdditiveLoss | Constant] = []
    _replaced(program, AdditiveLoss | Constant, secrets.append)
    functions = [_answer_to(secret) for secret in secrets]
    left = _REFUSALS + sum(s.budget for s in secrets if isinstance(s, AdditiveLoss))

    def respond(line: bytes) -> bytes:
        nonlocal left
        left -= 1
        number, *arguments = _parsed(line)
        if left < 0 or not 0 <= number < len(functions):
            raise WireError("more is asked than there are answers")
        return json.dumps(functions[number](*arguments)).encode() + END

    return respond if functions else None


def _answer_to(secret: AdditiveLoss | Constant) -> Callable[..., dict[str, Any]]:
    if isinstance(secret, Constant):
        packed = base64.b64encode(pack(secret.value)).decode("ascii")
        return lambda *_: {"packed": packed}
    evaluate = make_evaluate(secret)

    def evaluated(bit_widths: Mapping[str, int] = MappingProxyType({})) -> dict[str, Any]:
        try:
            return {"value": evaluate(bit_widths)}
        except (ValueError, RuntimeError) as error:
            return {"raise": [type(error).__name__, str(error)]}

    return evaluated


def _parsed(line: bytes) -> list[Any]:
    try:
        question = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise WireError("what is asked is no question") from error
    match question:
        case [int(number)] if type(number) is int:
            return question
        case [int(number), dict(widths)] if type(number) is int and all(
            type(bits) is int for bits in widths.values()
        ):
            return question
    raise WireError("what is asked is no question")


# The worker's side --------------------------------------------------------------------------------


def are_in(program: Program) -> bool:
    """Return whether `program` contains a `Question`."""
    callbacks: list[HostCallback] = []
    _replaced(program, HostCallback, callbacks.append)
    return bool(callbacks)


def asking(program: Program, exchange: Callable[[bytes], bytes]) -> Program:
    """Return `program` with a callable for every `Question`.

    `exchange` sends a line and returns the answer.
    """
    asked = _replaced(program, HostCallback, lambda question: _evaluate(question.number, exchange))
    stand_ins = [
        {
            name: _constant(stand_in.number, exchange)
            if isinstance(stand_in, HostCallback)
            else stand_in
            for name, stand_in in call.stand_ins.items()
        }
        for call in program.calls
    ]
    calls = zip(asked.calls, stand_ins, strict=True)
    return replace(
        asked, calls=tuple(replace(call, stand_ins=replacements) for call, replacements in calls)
    )


def _evaluate(number: int, exchange: Callable[[bytes], bytes]) -> Evaluate:
    def evaluate(bit_widths: Mapping[str, int]) -> float:
        widths = {}
        for layer, bits in bit_widths.items():
            if int(bits) != bits:
                raise ValueError(f"evaluate was given {bits!r} bits for {layer}, no candidate.")
            widths[str(layer)] = int(bits)
        answer = _ask([number, widths], exchange)
        if "raise" in answer:
            name, message = answer["raise"]
            raise _RAISED[name](message)
        return float(answer["value"])

    return evaluate


def _constant(number: int, exchange: Callable[[bytes], bytes]) -> Callable[[], Any]:
    def constant() -> Any:
        packed = base64.b64decode(_ask([number], exchange)["packed"])
        return unpack(packed, len(packed))

    return constant


def _ask(question: list[Any], exchange: Callable[[bytes], bytes]) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(exchange(MARK + json.dumps(question).encode() + END))
    return answer


def _replaced(program: Program, kind: Any, make: Callable[[Any], Any]) -> Program:
    """Return `program` with `make(value)` for each argument and stand-in of this kind."""

    def new(value: Any) -> Any:
        return make(value) if isinstance(value, kind) else value

    def call(old: Call) -> Call:
        args = tuple(map(new, old.args))
        kwargs = {name: new(value) for name, value in old.kwargs.items()}
        stand_ins = {name: new(value) for name, value in old.stand_ins.items()}
        return replace(old, args=args, kwargs=kwargs, stand_ins=stand_ins)

    return replace(program, calls=tuple(map(call, program.calls)))
