"""The public checks of a solution, in a cell of the notebook or in a shell.

    check("1a")
    hint("1a", 2)
    python -m quantlab.check [QUESTION ...]
    python -m quantlab.check --hint 1a 2
    python -m quantlab.check --submission submission.zip

The last one rehearses grading (`quantlab.rehearsal`): which file is used for what, and whether the
grader can import, open and read it. In a shell the others read the saved solution.py. In the
notebook `check` uses the version that the cells use (`quantlab.notebook.reloading`): the one saved
when the cell began. The grader uses other numbers and has more checks: a function that passes here
may still be wrong, one that fails here is wrong.
"""

import argparse
import contextlib
import os
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from quantlab.checking.explain import explain_checks
from quantlab.checking.report import report_lines
from quantlab.errors import NoHint, NoPublicChecks, UnreadableSource
from quantlab.notebook.hints import check_arguments, hinted_questions, hints_for
from quantlab.notebook.reloading import FILE, followed_solution, read_source, solution_path
from quantlab.protocol.execute import load_module
from quantlab.protocol.failures import failure_of
from quantlab.protocol.public_checks import FOLDER, load, questions
from quantlab.protocol.run_public_checks import RIGHT, CheckOutcome, run_check
from quantlab.rehearsal.console import rehearse_in_terminal
from quantlab.rehearsal.read_source import refusal
from quantlab.rehearsal.table import plain_text

ALL_PASS, SOME_FAIL, CANNOT_START, INTERRUPTED, CLOSED_PIPE = 0, 1, 2, 130, 141


def check(*selected: str, solution: str | Path | None = None) -> None:
    """Print the outcomes of the public checks of questions such as "1a", "2b" (default: all)."""
    try:
        _print_outcomes(selected or questions(), solution)
    except NoPublicChecks as problem:
        print(problem)


def hint(name: str, level: int = 1, solution: str | Path | None = None) -> None:
    """Print the hints for a question such as "1a" or for a function, at level 1, 2 or 3.

    Of a question, only functions whose public checks do not all pass have hints.
    """
    try:
        _print_hints(name, level, solution)
    except (NoHint, NoPublicChecks) as problem:
        print(problem)


def _print_hints(name: str, level: int, solution: str | Path | None) -> None:
    check_arguments(name, level)
    outcomes = run(name, solution) if name in hinted_questions() else ()
    wrong = {o.check.program.target for o in outcomes if o.outcome != RIGHT}
    _print(hints_for(name, level, wrong))


def run(
    question: str, solution: str | Path | None = None, folder: Path = FOLDER
) -> tuple[CheckOutcome, ...]:
    """Run every public check of `question` and return the outcomes, with explanations.

    The state of random number generators, and `import solution` elsewhere, do not change.

    Raises:
        NoPublicChecks: There are none, or solution.py cannot be read or imported.
    """
    checks = load(question, folder)
    source = _source(solution)
    with _preserved_state():
        try:
            module = load_module(source)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise NoPublicChecks(f"Nothing was checked: {failure_of(error).message}") from error
        return explain_checks([run_check(check, module) for check in checks], module)


def _print_outcomes(selected: Sequence[str], solution: str | Path | None) -> bool:
    """Print the outcomes of the questions, and return whether all checks pass."""
    refused = refusal(_source(solution))
    all_pass = True
    try:
        for question in selected:
            outcomes = run(question, solution)
            _print(report_lines(question, outcomes))
            all_pass &= all(outcome.outcome == RIGHT for outcome in outcomes)
    finally:
        _print(filter(None, [refused]))
    return all_pass


def _source(solution: str | Path | None) -> str:
    followed = followed_solution()
    if solution is None and followed is not None:
        if followed.problem or followed.source is None:
            raise NoPublicChecks(f"Nothing was checked: fix {FILE} first.")
        return followed.source
    try:
        return read_source(Path(solution) if solution else solution_path())
    except UnreadableSource as error:
        raise NoPublicChecks(str(error)) from error


@contextlib.contextmanager
def _preserved_state() -> Iterator[None]:
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


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(plain_text(line, sys.stdout.encoding))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m quantlab.check",
        description="Run the public checks on solution.py, or rehearse grading a submission.",
        epilog="Exit status: 0 all pass or complete, 1 something to look at, 2 it could not start, "
        "130 interrupted.",
    )
    parser.add_argument("questions", nargs="*", metavar="QUESTION", help="1a, 2b, ... (all)")
    parser.add_argument(
        "--hint",
        nargs="+",
        metavar=("NAME", "LEVEL"),
        help="print hints for a question or a function, at level 1 (default), 2 or 3",
    )
    parser.add_argument(
        "--solution", type=Path, metavar="PATH", help="default: solution.py in this folder"
    )
    parser.add_argument(
        "--submission",
        type=Path,
        metavar="PATH",
        help="read this folder or archive as the grader does, and say what it would make of it",
    )
    options = parser.parse_args(arguments)
    if options.submission and (options.questions or options.solution or options.hint):
        parser.error("--submission takes no questions, --solution or --hint: leave them out.")
    if options.hint and (options.questions or len(options.hint) > 2):
        parser.error("--hint takes one name and one level, such as: --hint 1a 2")
    try:
        status = _run_command(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # `| head` has read enough; Python flushes once more at its exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED_PIPE
    return status


def _run_command(options: argparse.Namespace) -> int:
    if options.submission:
        return rehearse_in_terminal(options.submission)
    if options.hint:
        return _hint_in_terminal(options.hint, options.solution)
    return _check_in_terminal(options.questions or questions(), options.solution)


def _check_in_terminal(selected: Sequence[str], solution: Path | None) -> int:
    try:
        return ALL_PASS if _print_outcomes(selected, solution) else SOME_FAIL
    except NoPublicChecks as problem:
        print(problem, file=sys.stderr)
        return CANNOT_START


def _hint_in_terminal(words: Sequence[str], solution: Path | None) -> int:
    name, level = (*words, "1")[:2]
    try:
        check_arguments(name, int(level) if level.isdecimal() else level)
        _print_hints(name, int(level), solution)
    except (NoHint, NoPublicChecks) as problem:
        print(problem, file=sys.stderr)
        return CANNOT_START
    return ALL_PASS


if __name__ == "__main__":
    raise SystemExit(main())
