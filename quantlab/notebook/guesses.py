"""A student's guess beside the result that it was about.

A guess is a variable of the notebook, None for no guess. The first guess with its result is kept in
answers.json, for the report. It is not graded.
"""

from quantlab.formats.answers import GUESSES, Answers
from quantlab.formats.answers_file import AnswersFile

Guess = float | int | str | None


def compare_guess(file: AnswersFile, name: str, guess: Guess, measured: Guess) -> None:
    """Print a guess beside the measured result, and record both.

    Args:
        file: answers.json.
        name: One of `quantlab.formats.answers.GUESSES`.
        guess: The guess; None for none.
        measured: The result; None if nothing is measured yet. Then nothing is recorded.
    """
    unit = GUESSES[name]
    if measured is None:
        if guess is not None:
            print(f"You guess {_shown(guess, unit)}. The result comes with the next run.")
        return
    first = file.record_guess(name, guess, measured)
    result = f"measured {_shown(measured, unit)}."
    if first is None:
        print(f"No guess, {result}")
    else:
        earlier = " (your first guess)" if guess is not None and guess != first else ""
        print(f"You guessed {_shown(first, unit)}{earlier}, {result}")


def better_on_b(answers: Answers) -> str | None:
    """Return which of "sym" and "SAWB" has the smaller error on B at 8 bits; None before both."""
    sym, sawb = (answers.mse["B"][method][8] for method in ("sym", "SAWB"))
    if sym is None or sawb is None:
        return None
    return "sym" if sym < sawb else "SAWB"


def _shown(value: Guess, unit: str) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text + unit
