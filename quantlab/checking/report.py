"""The outcomes of one question as lines of text, grouped by function."""

from collections.abc import Sequence

from quantlab.protocol.run_public_checks import MISSING, RIGHT, WRONG, CheckOutcome

LONGEST = 260  # characters of a line; torch writes longer exceptions
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
    for function in dict.fromkeys(_function(outcome) for outcome in outcomes):
        group = [outcome for outcome in outcomes if _function(outcome) == function]
        texts = {outcome.lines for outcome in group}
        if all(outcome.outcome == MISSING for outcome in group) and len(texts) == 1:
            lines += [f"○ {function}: not written yet.", *_indented(group[0])]
            continue
        lines.append(function)
        for outcome in group:
            title = outcome.check.title.removeprefix(function).lstrip(" ,")
            lines += [f"  {_SIGNS[outcome.outcome]} {title}", *_indented(outcome)]
    if right == len(outcomes):
        lines += [f"Not checked here: {NOT_CHECKED[question]}.", MORE]
    return lines


def _function(outcome: CheckOutcome) -> str:
    return outcome.check.program.target


def _indented(outcome: CheckOutcome) -> list[str]:
    return [f"      {_shorten(line)}" for line in outcome.lines]


def _shorten(line: str) -> str:
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 4]} ..."
