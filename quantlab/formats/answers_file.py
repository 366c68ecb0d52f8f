"""The file answers.json as the notebook writes it, one number at a time."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import SupportsFloat, SupportsIndex

from quantlab.atomic_files import write_text_atomically
from quantlab.errors import BadAnswers
from quantlab.formats.answers import (
    GUESSES,
    LONGEST_GUESS,
    MSE_BITS,
    MSE_METHODS,
    TABLE1_METHODS,
    TRAININGS,
    VECTORS,
    Answers,
    checked_bit_widths,
    checked_pseudonym,
    checked_text,
    kind_of,
    to_text,
)
from quantlab.formats.parse_answers import parse
from quantlab.paths import CELLS
from quantlab.student_ids import plain_student

Number = SupportsFloat | SupportsIndex


@dataclass(frozen=True)
class AnswersFile:
    """The file at `path`; every `record_...` updates it atomically.

    The first record creates the file. A file of another student or data set is not changed and
    raises `BadAnswers`: its numbers belong to other vectors or other images.
    """

    path: str | os.PathLike[str]
    student: str
    dataset: str
    fast: bool = False

    def read(self) -> Answers:
        """Return what is recorded so far; without a file all cells are None.

        Raises:
            BadAnswers: The file or a cell cannot be read, or it belongs to another student or data
                set.
        """
        path = Path(self.path)
        if not path.exists():
            return Answers(
                student=checked_text(plain_student(self.student), "student"),
                dataset=checked_text(self.dataset, "dataset"),
            )
        answers = parse(path.read_bytes())
        for problem in answers.unread.values():  # writing would lose these entries
            raise BadAnswers(problem)
        current_ids = {"student": plain_student(self.student), "dataset": self.dataset}
        for name, current in current_ids.items():
            recorded = getattr(answers, name)
            if recorded != current:
                raise BadAnswers(
                    f"{path.name} belongs to the {name} {recorded!r}, not {current!r}: correct the "
                    f"{name} in the notebook, or delete {path.name} to start again."
                )
        return answers

    def record_mse(self, vector: str, method: str, bits: int, value: Number) -> None:
        """Record a mean squared error of question 1b.

        Args:
            vector: "A" or "B".
            method: "sym", "heuristic" or "SAWB".
            bits: 8, 4 or 2.
            value: The mean squared error.

        Raises:
            BadAnswers: A name or the value is not possible.
        """
        _check_name(vector, VECTORS, "vector")
        _check_name(method, MSE_METHODS, "method")
        _check_name(bits, MSE_BITS, "bit width")
        number = _finite(value, f"mean squared error of {vector}, {method}, {bits} bits")
        if number < 0:
            raise BadAnswers(
                f"The mean squared error of {vector}, {method}, {bits} bits is negative, {number}: "
                "average the squares of the differences."
            )
        answers = self.read()
        mse = {v: {m: dict(cells) for m, cells in ms.items()} for v, ms in answers.mse.items()}
        mse[vector][method][bits] = number
        self._write(replace(answers, mse=mse))

    def record_accuracy(self, training: str, cell: str, method: str, percent: Number) -> None:
        """Record an accuracy of Table 1.

        Args:
            training: "ptq" or "qat".
            cell: The bit widths, such as "W8A8".
            method: "SAWB" or "sym".
            percent: The accuracy, 0 to 100.

        Raises:
            BadAnswers: A name or the value is not possible.
        """
        _check_name(training, TRAININGS, "half of Table 1")
        _check_name(cell, CELLS, "row of Table 1")
        _check_name(method, TABLE1_METHODS, "method")
        number = _finite(percent, f"accuracy of {training}, {cell}, {method}")
        if 0 < number <= 1:
            raise BadAnswers(
                f"The accuracy of {training}, {cell}, {method}: {number:g} looks like a fraction. "
                f"Record it in percent, {100 * number:g}."
            )
        if not 0 <= number <= 100:
            raise BadAnswers(
                f"The accuracy of {training}, {cell}, {method}: expected 0 to 100 percent, got "
                f"{number}. Record the percentage of test images classified correctly."
            )
        answers = self.read()
        table1 = {t: {c: dict(ms) for c, ms in cs.items()} for t, cs in answers.table1.items()}
        table1[training][cell][method] = number
        self._write(replace(answers, table1=table1))

    def record_bit_widths(self, bit_widths: Mapping[str, int]) -> None:
        """Record the bits of every layer's weights (question 3), in place of earlier ones.

        Raises:
            BadAnswers: A layer's name or width is not possible.
        """
        widths = checked_bit_widths({layer: _plain_int(bits) for layer, bits in bit_widths.items()})
        self._write(replace(self.read(), bit_widths=widths))

    def record_leaderboard(self, pseudonym: str | None) -> None:
        """Record the pseudonym under which the class may see a packed model of question 3.

        None withdraws it.

        Raises:
            BadAnswers: The pseudonym is not 1 to 30 printable characters, or contains the id.
        """
        answers = self.read()
        name = "" if pseudonym is None else checked_pseudonym(pseudonym, answers.student)
        self._write(replace(answers, leaderboard=name))

    def record_guess(self, name: str, guess: object, measured: object) -> float | str | None:
        """Record what a student expected and what was measured; return the first guess.

        A guess that was recorded stays, also when a later one differs; the result is replaced.

        Args:
            name: One of `GUESSES`.
            guess: A number or a short text, None for no guess.
            measured: The result, likewise.

        Raises:
            BadAnswers: The name does not exist.
        """
        _check_name(name, tuple(GUESSES), "guess")
        answers = self.read()
        first = answers.guesses.get(name, {}).get("guess")
        first = _plain_guess(guess) if first is None else first
        entry = {"guess": first, "measured": _plain_guess(measured)}
        self._write(replace(answers, guesses={**answers.guesses, name: entry}))
        return first

    def _write(self, answers: Answers) -> None:
        write_text_atomically(self.path, to_text(replace(answers, fast=self.fast)))


def _plain_guess(value: object) -> float | str | None:
    """Return a guess as JSON can hold it: a finite number, a short text, or None."""
    if value is None or isinstance(value, str):
        return value if value is None else value[:LONGEST_GUESS]
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError, OverflowError):
        return str(value)[:LONGEST_GUESS]
    if not math.isfinite(number):
        return str(number)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _plain_int(bits: object) -> object:
    """Return a Python int for numpy's integers, else `bits` itself."""
    if isinstance(bits, bool) or not hasattr(bits, "__index__"):
        return bits
    return bits.__index__()


def _finite(value: Number, what: str) -> float:
    """Return `value` as a finite float. Raises `BadAnswers`."""
    try:
        number = float(value)
    except (TypeError, ValueError, RuntimeError) as error:  # RuntimeError: a tensor of many numbers
        raise BadAnswers(f"The {what}: expected one number, got {kind_of(value)}.") from error
    if not math.isfinite(number):
        raise BadAnswers(
            f"The {what} is {number}: find out why (an overflow, a division by zero?) and record "
            "it again."
        )
    return number


def _check_name(name: object, names: tuple[object, ...], what: str) -> None:
    if isinstance(name, bool) or name not in names:
        raise BadAnswers(
            f"There is no {what} {name!r} in the tables: use one of {', '.join(map(str, names))}."
        )
