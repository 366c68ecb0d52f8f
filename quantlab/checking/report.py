"""The outcomes of one question as lines of text, grouped by function."""

from collections.abc import Sequence

from quantlab.protocol.run_public_checks import MISSING, RIGHT, WRONG, CheckOutcome

LONGEST = 260  # characters of a line; torch writes longer exceptions
LONGEST_AGAIN = 100  # of a line that was printed before
_OVERLOAD = " * ("  # before each signature in a list of them by torch
# What the docstrings require and no public check of the question tries.
NOT_CHECKED = {
    "1a": "an input of zeros, alpha <= 0, ValueError, the dtype of scales, the time of a search",
    "2a": "float64",
    "2b": "OverflowError, TypeError, other devices",
    "3": "whether the same accuracies give the same widths",
}
MORE = "The grader has other inputs and hidden checks: read the docstrings again."
_SIGNS = {RIGHT: "✓", WRONG: "✗", MISSING: "○"}


def report_lines(question: str, outcomes: Sequence[CheckOutcome]) -> list[str]:
    """Return a summary, then the checks of each function, with what is wrong."""
    right = sum(outcome.outcome == RIGHT for outcome in outcomes)
    lines = [f"Question {question}: {right} of {len(outcomes)} public checks pass."]
    printed: set[str] = set()
    for function in dict.fromkeys(_function(outcome) for outcome in outcomes):
        group = [outcome for outcome in outcomes if _function(outcome) == function]
        texts = {outcome.lines for outcome in group}
        if all(outcome.outcome == MISSING for outcome in group) and len(texts) == 1:
            lines += [f"○ {function}: not written yet.", *_indented(group[0], printed)]
            continue
        lines.append(function)
        for outcome in group:
            title = outcome.check.title.removeprefix(function).lstrip(" ,")
            lines += [f"  {_SIGNS[outcome.outcome]} {title}", *_indented(outcome, printed)]
    if right == len(outcomes):
        lines += [f"Not checked here: {NOT_CHECKED[question]}.", MORE]
    return lines


def _function(outcome: CheckOutcome) -> str:
    return outcome.check.program.target


def _indented(outcome: CheckOutcome, printed: set[str]) -> list[str]:
    """Return the lines of an outcome, short where they are in `printed`, and add them to it."""
    lines = [
        _shorten(line, LONGEST_AGAIN if line in printed else LONGEST) for line in outcome.lines
    ]
    printed.update(outcome.lines)
    return [f"      {line}" for line in lines]


def _shorten(line: str, longest: int) -> str:
    """Return `line` with the first of several signatures, and not longer than `longest`."""
    first, *more = line.split(_OVERLOAD)
    line = f"{first} ({more[0]}" if more else line
    return line if len(line) <= longest else f"{line[: longest - 4]} ..."
