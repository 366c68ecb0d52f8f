"""All natural mistakes, seven times ten, and what `check` says about each."""

from pathlib import Path

from authoring.build.public_checks import FOLDER
from quantlab.check import run
from tests.public_checks.natural_mistakes import (
    estimator,
    get_scale,
    integer_conv2d,
    integer_linear,
    layers_and_search,
    quantizer,
    reset,
)
from tests.public_checks.natural_mistakes.mistake import NaturalMistake

GROUPS = (
    quantizer,
    get_scale,
    reset,
    estimator,
    integer_linear,
    integer_conv2d,
    layers_and_search,
)
MISTAKES: tuple[NaturalMistake, ...] = tuple(
    mistake for group in GROUPS for mistake in group.MISTAKES
)


def text_about(source: str, question: str, folder: Path) -> str:
    """Return what `check` prints about this solution.py, without the titles of the checks.

    Titles are left out because they name the subject of a check, not the mistake. Checks that pass
    count too: they may print a warning.
    """
    path = folder / "solution.py"
    path.write_text(source, encoding="utf-8")
    outcomes = run(question, path, FOLDER)
    return "\n".join(line for outcome in outcomes for line in outcome.lines)
