"""Decide for each role of a submission whether it is filled, contested, or could be filled.

This is the rule of what needs review: a role that is contested, and one that is empty while an
unused or unopened file could fill it. `autograder.grading.review` adds the points at stake, and
`quantlab.rehearsal` shows the same to the student before the submission.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum

from quantlab.intake.roles import ANSWERS, OPTIONAL_MODELS, REPORT, ROLES, SOLUTION, VARIABLE
from quantlab.intake.submission import Submission


class RoleState(StrEnum):
    """Name the state of a role."""

    FILLED = "filled"
    CONTESTED = "contested"  # files compete for it, or its file cannot be used
    FILLABLE = "fillable"  # empty, and an unused file could fill it
    EMPTY = "empty"


def role_states(
    submission: Submission,
    problems: Mapping[str, str] | None = None,
    nothing: Collection[str] = (),
) -> dict[str, RoleState]:
    """Return the state of every role.

    Args:
        submission: What intake read.
        problems: Why a file cannot be used, by its name; by default what intake says.
        nothing: Roles whose file contains nothing, such as the unchanged stub.
    """
    problems = submission.problems if problems is None else problems
    return {role: _state(role, submission, problems, nothing) for role in ROLES}


def _state(
    role: str, submission: Submission, problems: Mapping[str, str], nothing: Collection[str]
) -> RoleState:
    names = OPTIONAL_MODELS if role == VARIABLE else (role,)
    if any(name in problems for name in names):
        return RoleState.CONTESTED
    if role not in nothing and any(_has_file(name, submission) for name in names):
        return RoleState.FILLED
    could_fill = any(role in unused.roles for unused in submission.unused)
    return RoleState.FILLABLE if could_fill else RoleState.EMPTY


def _has_file(name: str, submission: Submission) -> bool:
    if name == SOLUTION:
        return submission.solution is not None
    if name == ANSWERS:
        return submission.answers is not None
    if name == REPORT:
        return submission.report_file is not None
    return name in submission.models
