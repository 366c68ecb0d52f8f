"""Name a known mistake, if one alone explains all checks of a function."""

from collections.abc import Sequence

from quantlab.protocol.expectation import changed_arguments
from quantlab.protocol.run_public_checks import RIGHT, CheckOutcome


def explain_by_known_mistake(outcomes: Sequence[CheckOutcome]) -> str:
    """Return the hint of the only known mistake that explains all `outcomes` of a function; or "".

    Its answers are equal to those of every check that fails, and it passes every check that passes.
    """
    explaining: dict[str, str] | None = None
    for outcome in outcomes:
        if outcome.outcome == RIGHT:
            continue
        if outcome.answer is None:
            return ""
        changed = changed_arguments(outcome.program, outcome.answer)
        here = {
            mistake.name: mistake.sentence
            for mistake in outcome.check.mistakes
            if mistake.gives(outcome.answer, outcome.kind, changed)
        }
        explaining = here if explaining is None else _shared(explaining, here)
    failing = {
        mistake.name
        for outcome in outcomes
        if outcome.outcome == RIGHT
        for mistake in outcome.check.mistakes
    }
    sentences = {sentence for name, sentence in (explaining or {}).items() if name not in failing}
    return sentences.pop() if len(sentences) == 1 else ""


def _shared(left: dict[str, str], right: dict[str, str]) -> dict[str, str]:
    return {name: sentence for name, sentence in left.items() if name in right}
