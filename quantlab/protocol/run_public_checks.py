"""Run public checks on a student's module: right, wrong and why, or not written yet."""

from dataclasses import dataclass
from types import ModuleType

from quantlab.protocol.calls import Program
from quantlab.protocol.comparison import describe
from quantlab.protocol.execute import run_program
from quantlab.protocol.failure_reasons import REFUSALS
from quantlab.protocol.failures import failure_of
from quantlab.protocol.public_checks import PublicCheck

RIGHT, WRONG, MISSING = "right", "wrong", "missing"


@dataclass(frozen=True)
class CheckOutcome:
    """The outcome of one check.

    Attributes:
        check: The check.
        outcome: `RIGHT`, `WRONG` or `MISSING`.
        lines: What to print about it.
        answered: Whether the calls returned.
        is_refused: Whether the code asked for a file, the network or a program and was refused.
    """

    check: PublicCheck
    outcome: str
    lines: tuple[str, ...] = ()
    answered: bool = False
    is_refused: bool = False


def run_check(check: PublicCheck, module: ModuleType) -> CheckOutcome:
    """Return the outcome of one check on `module`. Raise `KeyboardInterrupt` only."""
    first = _run_program(check, module, check.program)
    if first.outcome == RIGHT or check.otherwise is None:
        return first
    second = _run_program(check, module, check.otherwise)
    answered = second.answered and not first.answered
    return second if second.outcome == RIGHT or answered else first


def outcome_of_failure(check: PublicCheck, error: BaseException, target: str = "") -> CheckOutcome:
    """Return the outcome of a check whose code raised `error`, when it was loaded or called.

    Raises:
        KeyboardInterrupt: `error` is one.
    """
    if isinstance(error, KeyboardInterrupt):
        raise error
    failure = failure_of(error, target)
    outcome = MISSING if failure.kind == "missing" else WRONG
    refused = failure.exception in REFUSALS
    return CheckOutcome(check, outcome, (failure.message,), is_refused=refused)


def _run_program(check: PublicCheck, module: ModuleType, program: Program) -> CheckOutcome:
    try:
        answer = run_program(module, program)
    except BaseException as error:
        return outcome_of_failure(check, error, program.target)
    outcome, unmet = check.judge(answer)
    if outcome.correct:
        warnings = (outcome.message,) if outcome.message else ()
        return CheckOutcome(check, RIGHT, warnings, answered=True)
    lines = [outcome.message]
    if unmet and not unmet.gradient:
        lines.append(f"expected {describe(_first(unmet.expected))}")
        lines.append(f"got      {describe(answer.results[unmet.call])}")
    if hint := check.hint(answer):
        lines.append(f"Hint: {hint}")
    return CheckOutcome(check, WRONG, tuple(lines), answered=True)


def _first(expected: object) -> object:
    """Return the first of several correct answers."""
    if isinstance(expected, list):
        return expected[0]
    if isinstance(expected, tuple):
        return tuple(_first(part) for part in expected)
    return expected
