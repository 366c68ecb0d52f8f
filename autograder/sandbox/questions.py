"""Callables whose numbers stay with the grader: student code calls them across the wall.

The losses behind `evaluate` of a variable-precision search are the answer to it, and whoever could
set back its count had no budget. So the worker gets a `Question` in the place of an `AdditiveLoss`:
calling it sends one line, `?[number, {layer: bits}]`, and waits for one line that says the value or
what to raise. `WireError` is what a line that is no question costs, or one question too many.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from quantlab.programs.calls import AdditiveLoss, Call, Program, Question
from quantlab.programs.evaluation import Evaluate, evaluation
from quantlab.programs.wire import WireError

MARK, END = b"?", b"\n"
LONGEST = 1 << 14  # bytes of a line; twenty layers take 600
_REFUSALS = 1000  # answered in words when a budget is spent; who goes on then is stopped
_RAISED: Mapping[str, type[Exception]] = {"ValueError": ValueError, "RuntimeError": RuntimeError}


# The grader's side --------------------------------------------------------------------------------


def hidden(program: Program) -> Program:
    """`program` as the worker may see it: a `Question` for every loss, numbered as they come."""
    numbers = iter(range(len(_losses(program))))
    return _replaced(program, AdditiveLoss, lambda _: Question(next(numbers)))


def responder(program: Program) -> Callable[[bytes], bytes] | None:
    """Answers the questions that the code of `program` asks; None where it has none to ask."""
    functions = [evaluation(loss) for loss in _losses(program)]
    left = sum(loss.budget for loss in _losses(program)) + _REFUSALS

    def respond(line: bytes) -> bytes:
        nonlocal left
        left -= 1
        number, bit_widths = _parsed(line)
        if left < 0 or not 0 <= number < len(functions):
            raise WireError("more is asked than there are answers")
        try:
            answer: dict[str, Any] = {"value": functions[number](bit_widths)}
        except (ValueError, RuntimeError) as error:
            answer = {"raise": [type(error).__name__, str(error)]}
        return json.dumps(answer).encode() + END

    return respond if functions else None


def _parsed(line: bytes) -> tuple[int, dict[str, int]]:
    try:
        question = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise WireError("what is asked is no question") from error
    match question:
        case [int(number), dict(widths)] if type(number) is int and all(
            type(bits) is int for bits in widths.values()
        ):
            return number, widths
    raise WireError("what is asked is no question")


# The worker's side --------------------------------------------------------------------------------


def are_in(program: Program) -> bool:
    """Whether the code of `program` is given something to ask."""
    return any(isinstance(value, Question) for value in _values(program))


def asking(program: Program, exchange: Callable[[bytes], bytes]) -> Program:
    """`program` with a callable for every `Question`; `exchange` sends a line and waits for one."""
    return _replaced(program, Question, lambda question: _asker(question.number, exchange))


def _asker(number: int, exchange: Callable[[bytes], bytes]) -> Evaluate:
    def evaluate(bit_widths: Mapping[str, int]) -> float:
        widths = {}
        for layer, bits in bit_widths.items():
            if int(bits) != bits:
                raise ValueError(f"evaluate was given {bits!r} bits for {layer}, no candidate.")
            widths[str(layer)] = int(bits)
        line = json.dumps([number, widths]).encode()
        answer = json.loads(exchange(MARK + line + END))
        if "raise" in answer:
            name, message = answer["raise"]
            raise _RAISED[name](message)
        return float(answer["value"])

    return evaluate


def _losses(program: Program) -> list[AdditiveLoss]:
    return [value for value in _values(program) if isinstance(value, AdditiveLoss)]


def _values(program: Program) -> Iterator[Any]:
    return (value for call in program.calls for value in (*call.args, *call.kwargs.values()))


def _replaced(program: Program, kind: type, make: Callable[[Any], Any]) -> Program:
    def new(value: Any) -> Any:
        return make(value) if isinstance(value, kind) else value

    def call(old: Call) -> Call:
        args = tuple(map(new, old.args))
        return replace(old, args=args, kwargs={k: new(v) for k, v in old.kwargs.items()})

    return replace(program, calls=tuple(map(call, program.calls)))
