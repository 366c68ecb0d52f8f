"""Run public checks on a student's module: right, wrong, or not written yet."""

from dataclasses import dataclass
from types import ModuleType

from quantlab.protocol.calls import Answer, Program
from quantlab.protocol.execute import run_program
from quantlab.protocol.expectation import Expectation
from quantlab.protocol.failure_reasons import REFUSALS
from quantlab.protocol.failures import failure_of
from quantlab.protocol.public_checks import PublicCheck

RIGHT, WRONG, MISSING = "right", "wrong", "missing"


@dataclass(frozen=True)
class CheckOutcome:
    """The outcome of one check.

    Attributes:
        check: The check.
        program: The program that ran.
        outcome: `RIGHT`, `WRONG` or `MISSING`.
        lines: What to print about it.
        kind: The kind of the comparison's outcome, "" without an answer.
        answer: The answer, None if the code raised an exception.
        unmet: The first expectation that the answer does not meet.
        is_refused: Whether the code asked for a file, the network or a program and was refused.
    """

    check: PublicCheck
    program: Program
    outcome: str
    lines: tuple[str, ...] = ()
    kind: str = ""
    answer: Answer | None = None
    unmet: Expectation | None = None
    is_refused: bool = False


def run_check(check: PublicCheck, module: ModuleType) -> CheckOutcome:
    """Return the outcome of one check on `module`. Raise `KeyboardInterrupt` only."""
    first = _run_program(check, module, check.program)
    if first.outcome == RIGHT or check.otherwise is None:
        return first
    second = _run_program(check, module, check.otherwise)
    answered = second.answer is not None and first.answer is None
    return second if second.outcome == RIGHT or answered else first


def _run_program(check: PublicCheck, module: ModuleType, program: Program) -> CheckOutcome:
    try:
        answer = run_program(module, program)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        failure = failure_of(error, program.target)
        outcome = MISSING if failure.kind == "missing" else WRONG
        refused = failure.exception in REFUSALS
        return CheckOutcome(check, program, outcome, (failure.message,), is_refused=refused)
    judged, unmet = check.judge(answer)
    lines = (judged.message,) if judged.message else ()
    outcome = RIGHT if judged.correct else WRONG
    return CheckOutcome(check, program, outcome, lines, judged.kind, answer, unmet)
