"""Choose hints by question or function, at a level from 1 to 3."""

import textwrap
from collections.abc import Collection, Iterable

from quantlab.errors import NoHint
from quantlab.notebook.hint_texts import HINTS, FunctionHints

LEVELS = (1, 2, 3)
WIDTH = 96  # columns
KINDS = ("a question", "the equation", "the smallest case by hand")
_OTHER_NAMES = {"_quantize_func_STE": "linear_quantize_STE"}


def hinted_questions() -> tuple[str, ...]:
    """Return the questions that have hints, in order."""
    return tuple(dict.fromkeys(hints.question for hints in HINTS))


def hints_for(name: str, level: int, wrong: Collection[str]) -> list[str]:
    """Return the lines of the hints for a question or a function.

    Args:
        name: A question such as "1a", or the name of a function.
        level: 1 to 3.
        wrong: The functions of that question that are not right yet. For the name of a function
            this is ignored.

    Raises:
        NoHint: There is no such question, function or level.
    """
    check_arguments(name, level)
    if name in hinted_questions():
        selected = [h for h in HINTS if h.question == name and h.function in wrong]
        if not selected:
            return [f"All public checks of question {name} pass. For a hint name a function."]
    else:
        selected = [_hints_of(name)]
    lines = [line for hints in selected for line in _lines(hints, level)]
    return [*lines, _next(name, level)]


def check_arguments(name: object, level: object) -> None:
    """Raise `NoHint` unless there are hints for this question or function at this level."""
    functions = [hints.function for hints in HINTS]
    if not isinstance(name, str) or name not in {*hinted_questions(), *functions, *_OTHER_NAMES}:
        raise NoHint(
            f"There is no hint for {name!r}: choose a question ({_listed(hinted_questions())}) or "
            f"a function ({_listed(functions)})."
        )
    if isinstance(level, bool) or level not in LEVELS:
        raise NoHint(f"Expected a level from 1 to {LEVELS[-1]}, got {level!r}.")


def _hints_of(function: str) -> FunctionHints:
    name = _OTHER_NAMES.get(function, function)
    return next(hints for hints in HINTS if hints.function == name)


def _lines(hints: FunctionHints, level: int) -> list[str]:
    head = f"{hints.function}, hint {level} of {LEVELS[-1]}: {KINDS[level - 1]}"
    return [head, *(row for line in hints.levels[level - 1].splitlines() for row in _wrapped(line))]


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, WIDTH, initial_indent="  ", subsequent_indent="    ")


def _next(name: str, level: int) -> str:
    if level == LEVELS[-1]:
        return "This is the last hint. The check shows your numbers beside the expected ones."
    return f'Next: hint("{name}", {level + 1}) shows {KINDS[level]}.'


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
