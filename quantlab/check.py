"""Tries your functions on the public checks: `check("1a")` in a cell, or in a shell

    python -m quantlab.check [QUESTION ...]

In a shell it reads solution.py as it is saved now. In the notebook it checks the version that the
cells use (`quantlab.notebook.reloading`): the one that was saved when the cell began. The grader
asks the same with other numbers, and some more: right here does not mean complete, wrong here is
wrong.
"""

import argparse
import contextlib
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import torch

from quantlab.errors import NoPublicChecks, UnreadableSource
from quantlab.notebook.reloading import FILE, followed_solution, read_source, solution_path
from quantlab.protocol.calls import Failure, Program
from quantlab.protocol.comparison import describe
from quantlab.protocol.execute import load_module, run_program
from quantlab.protocol.failures import failure_of
from quantlab.protocol.public_checks import FOLDER, PublicCheck, load, questions

RIGHT, WRONG, MISSING = "right", "wrong", "missing"
_SIGNS = {RIGHT: "✓", WRONG: "✗", MISSING: "○"}


@dataclass(frozen=True)
class Checked:
    """How one check went: right, wrong or missing; lines that say what was found.

    `answered`: the calls returned, whatever they returned.
    """

    check: PublicCheck
    outcome: str
    lines: tuple[str, ...] = ()
    answered: bool = False


def check(*wanted: str, solution: str | Path | None = None) -> None:
    """Prints how the functions of these questions do ("1a", "2b"); of all without any."""
    try:
        for question in wanted or questions():
            print("\n".join(_table(question, run(question, solution))))
    except NoPublicChecks as problem:
        print(problem)


def run(
    question: str, solution: str | Path | None = None, folder: Path = FOLDER
) -> tuple[Checked, ...]:
    """Tries every public check of `question`. Raises `NoPublicChecks`.

    The state of random number generators, and `import solution` elsewhere, stay as they are.
    """
    checks = load(question, folder)
    source = _source(solution)
    with _undisturbed():
        try:
            module = load_module(source)
        except BaseException as error:
            failure = _failure(error)
            return tuple(Checked(one, _outcome_of(failure), (failure.message,)) for one in checks)
        return tuple(_try(one, module) for one in checks)


def _try(one: PublicCheck, module: ModuleType) -> Checked:
    tried = _try_program(one, module, one.program)
    if tried.outcome == RIGHT or one.otherwise is None:
        return tried
    second = _try_program(one, module, one.otherwise)
    answered = second.answered and not tried.answered
    return second if second.outcome == RIGHT or answered else tried


def _try_program(one: PublicCheck, module: ModuleType, program: Program) -> Checked:
    try:
        answer = run_program(module, program)
    except BaseException as error:
        failure = _failure(error, program.target)
        return Checked(one, _outcome_of(failure), (failure.message,))
    outcome, unmet = one.judge(answer)
    if outcome.correct:
        return Checked(one, RIGHT, (outcome.message,) if outcome.message else (), answered=True)
    lines = [outcome.message]
    if unmet and not unmet.gradient:
        lines.append(f"expected {describe(_first(unmet.expected))}")
        lines.append(f"got      {describe(answer.results[unmet.call])}")
    if hint := one.hint(answer):
        lines.append(f"Hint: {hint}")
    return Checked(one, WRONG, tuple(lines), answered=True)


def _first(expected: object) -> object:
    """Where several answers are right, the one to show."""
    if isinstance(expected, list):
        return expected[0]
    if isinstance(expected, tuple):
        return tuple(_first(part) for part in expected)
    return expected


def _failure(error: BaseException, target: str = "") -> Failure:
    if isinstance(error, KeyboardInterrupt):
        raise error
    return failure_of(error, target)


def _outcome_of(failure: Failure) -> str:
    return MISSING if failure.kind == "missing" else WRONG


def _source(solution: str | Path | None) -> str:
    followed = followed_solution()
    if solution is None and followed is not None:
        if followed.problem or followed.source is None:
            raise NoPublicChecks(f"Nothing was checked: correct {FILE} first.")
        return followed.source
    try:
        return read_source(Path(solution) if solution else solution_path())
    except UnreadableSource as error:
        raise NoPublicChecks(str(error)) from error


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    name = FILE.removesuffix(".py")
    imported = sys.modules.get(name)
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    grad = torch.is_grad_enabled()
    try:
        torch.set_grad_enabled(True)
        yield
    finally:
        torch.set_grad_enabled(grad)
        torch.set_rng_state(states[0])
        np.random.set_state(states[1])
        random.setstate(states[2])
        if imported is None:
            sys.modules.pop(name, None)
        else:
            sys.modules[name] = imported


def _table(question: str, found: Sequence[Checked]) -> list[str]:
    right = sum(one.outcome == RIGHT for one in found)
    lines = [f"Question {question}: {right} of {len(found)} public checks pass."]
    for one in found:
        lines.append(f"  {_SIGNS[one.outcome]} {one.check.title}")
        lines += [f"      {line}" for line in one.lines]
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Exit status 0: all right, 1: not all, 2: it could not start."""
    parser = argparse.ArgumentParser(
        prog="python -m quantlab.check",
        description="Try the functions of solution.py on the public checks.",
        epilog="Exit status: 0 all are right, 1 not all are, 2 it could not start.",
    )
    parser.add_argument("questions", nargs="*", metavar="QUESTION", help="1a, 2b, ... (all)")
    parser.add_argument(
        "--solution", type=Path, metavar="PATH", help="default: solution.py in this folder"
    )
    options = parser.parse_args(arguments)
    status = 0
    try:
        for question in options.questions or questions():
            found = run(question, options.solution)
            print("\n".join(_table(question, found)))
            status = status or int(any(one.outcome != RIGHT for one in found))
    except NoPublicChecks as problem:
        print(problem, file=sys.stderr)
        return 2
    return status


if __name__ == "__main__":
    raise SystemExit(main())
