"""Decide which parts of a submission staff must look at before its score is final.

`review` is a pure function of the submission and of the results of its checks. It looks at each
role of the submission: the solution, the tables, each saved model, the report. A role needs review
if

    - two files compete for it, or its file cannot be decoded, parsed or opened;
    - it is empty while an unused or unopened file could fill it;
    - solution.py cannot be imported or was repaired, or defines none of the graded functions;
    - a function was refused a file, the network or another program, which correct code may need;
    - a table contains fractions where percentages belong, or a cell that could not be read.

A review changes no points and no verdict. A check in which the grader itself failed needs review in
any case, and is not listed here.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from autograder.engine.record import GradedCheck, Verdict
from autograder.grading.repairs import repair_reason
from autograder.grading.unread_cells import unread_cells
from autograder.report import wording
from quantlab.intake.role_states import RoleState, role_states
from quantlab.intake.roles import (
    ANSWERS,
    MODELS,
    OPTIONAL_MODELS,
    REPORT,
    ROLES,
    SOLUTION,
    VARIABLE,
)
from quantlab.intake.submission import Submission
from quantlab.protocol.failure_reasons import REFUSALS
from quantlab.protocol.sanitize_text import clean

LONGEST_REASON = 320  # characters
LONGEST_REPAIR = 1000

_SOURCES = {"call": SOLUTION, "table": ANSWERS, "person": REPORT}
_VARIABLE_CHECK = "3.bit_widths.accuracy"
_MODEL_CHECK = "2d.model."
_NOTHING_THERE = (Verdict.MISSING, Verdict.BLOCKED)
_DECIDED = (Verdict.CORRECT, Verdict.PARTIAL, Verdict.GRADER_FAULT)
_NAMED = 5  # checks in one sentence

_Reasons = Iterator[tuple[str, Sequence[GradedCheck]]]  # a reason, and the checks that it concerns


@dataclass(frozen=True)
class Review:
    """Hold sentences for staff and student, and the ids of the checks whose points are at stake."""

    sentences: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()


def review(submission: Submission, graded: Sequence[GradedCheck], repairs: bool = True) -> Review:
    """Return what needs review; an empty review if all of the submission was understood.

    Args:
        submission: What intake read; its `models` are not used.
        graded: The checks graded so far. Checks that have not run are not judged.
        repairs: Whether a repaired solution.py needs review.
    """
    sentences: list[str] = []
    at_stake: dict[str, None] = {}
    for reason, checks in (
        *_problems(submission, graded),
        *_imports(submission, graded),
        *_refusals(graded),
        *_fractions(graded),
        *unread_cells(submission, graded),
        *_models(submission, graded),
        *_unused(submission, graded),
    ):
        lost = [check.result for check in checks if check.result.points < check.result.max_points]
        if lost:
            points = wording.points(sum(check.max_points - check.points for check in lost))
            verb = "is" if points == "1 point" else "are"
            text = clean(reason, LONGEST_REASON).rstrip(".")
            sentences.append(f"{text}. {points} {verb} at stake.")
            at_stake |= dict.fromkeys(check.id for check in lost)
    reason, repaired = repair_reason(submission, graded) if repairs else ("", [])
    if repaired:
        sentences.append(f"{clean(reason, LONGEST_REPAIR)}.")
        at_stake |= dict.fromkeys(check.result.id for check in repaired)
    return Review(tuple(sentences), tuple(at_stake))


def _problems(submission: Submission, graded: Sequence[GradedCheck]) -> _Reasons:
    """Yield the files that compete for a role or cannot be used."""
    for name, problem in submission.problems.items():
        checks = _of(VARIABLE if name in OPTIONAL_MODELS else name, graded)
        yield problem, [check for check in checks if check.result.verdict not in _DECIDED]


def _imports(submission: Submission, graded: Sequence[GradedCheck]) -> _Reasons:
    """Yield why solution.py was not imported, or that it defines no graded function."""
    if SOLUTION in submission.problems or submission.solution is None:
        return
    calls = _of(SOLUTION, graded)
    blocked = [check for check in calls if check.result.verdict is Verdict.BLOCKED]
    if blocked:  # hidden checks do not say why
        yield max((check.result.message for check in blocked), key=len), blocked
    stub = "NotImplementedError" in submission.solution
    if not stub and all(check.result.verdict is Verdict.MISSING for check in calls):
        yield f"{SOLUTION} defines none of the graded functions", calls


def _refusals(graded: Sequence[GradedCheck]) -> _Reasons:
    """Yield the functions that were refused a file, the network or another program."""
    refused = [
        check
        for check in _of(SOLUTION, graded)
        if check.result.verdict is Verdict.ERROR
        and check.result.evidence.get("exception") in REFUSALS
    ]
    yield (
        f"{SOLUTION} asked for a file, the network or another program, which is refused while it "
        f"is graded ({_ids(refused)})",
        refused,
    )


def _fractions(graded: Sequence[GradedCheck]) -> _Reasons:
    """Yield the rows of accuracies with a number above 0 that is at most 1."""
    rows = [check for check in graded if check.result.evidence.get("fractions")]
    yield f"{ANSWERS} seems to hold fractions where percentages belong ({_ids(rows)})", rows


def _models(submission: Submission, graded: Sequence[GradedCheck]) -> _Reasons:
    """Yield the saved models that were submitted and could not be evaluated."""
    for check in graded:
        result = check.result
        measured = check.model is not None and check.model.accuracy is not None
        if result.source != "model" or measured or result.verdict in (*_DECIDED, *_NOTHING_THERE):
            continue
        if result.message in submission.problems.values():
            continue
        is_variable = result.id == _VARIABLE_CHECK
        name = "The saved model of question 3" if is_variable else _model_file(result.id)
        yield f"{name} could not be read: {result.message}", [check]


def _unused(submission: Submission, graded: Sequence[GradedCheck]) -> _Reasons:
    """Yield the files that could fill an empty role."""
    by_role = {role: _of(role, graded) for role in ROLES}
    nothing = {role for role, checks in by_role.items() if _is_empty(checks)}
    states = role_states(submission, nothing=nothing)
    fillable = {role for role in nothing if states[role] is RoleState.FILLABLE}
    for unused in submission.unused:
        roles = [role for role in unused.roles if role in fillable and by_role[role]]
        at_stake = {check.result.id: check for role in roles for check in by_role[role]}
        text = unused.sentence.rstrip(".")
        missing = f". It may be the missing {roles[0]}" if len(roles) == 1 else ""
        yield text + missing, list(at_stake.values())


def _of(role: str, graded: Iterable[GradedCheck]) -> list[GradedCheck]:
    """Return the checks of one role. The accuracy of question 3 depends on two roles."""
    return [check for check in graded if role in _roles(check)]


def _roles(check: GradedCheck) -> tuple[str, ...]:
    if check.result.source != "model":
        return (_SOURCES[check.result.source],)
    if check.result.id == _VARIABLE_CHECK:
        return (VARIABLE, ANSWERS)
    return (_model_file(check.result.id),)


def _model_file(check: str) -> str:
    name = f"ResNet20_{check.removeprefix(_MODEL_CHECK)}.pt"
    return name if name in MODELS else check


def _is_empty(checks: Sequence[GradedCheck]) -> bool:
    """Return whether no file fills a role; a packed model alone does not fill the tables."""
    own = [check for check in checks if check.result.source != "model"] or checks
    return all(check.result.verdict in _NOTHING_THERE for check in own)


def _ids(graded: Sequence[GradedCheck]) -> str:
    shown = [check.result.id for check in graded[:_NAMED]]
    more = [f"{len(graded) - _NAMED} more"] if len(graded) > _NAMED else []
    return ", ".join(shown + more)
