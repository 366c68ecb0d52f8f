"""The state of each role follows from what intake read, and from nothing else."""

from dataclasses import replace

import pytest

from quantlab.formats.answers import Answers
from quantlab.formats.submission_files import PACKED
from quantlab.intake.role_states import RoleState, role_states
from quantlab.intake.roles import ANSWERS, MODELS, REPORT, ROLES, SOLUTION, VARIABLE
from quantlab.intake.submission import Submission
from quantlab.intake.unused_files import UnusedFile

EMPTY = Submission("ada")
WHOLE = replace(
    EMPTY,
    solution="def get_scale(): ...",
    answers=Answers("ada", "CIFAR-10"),
    models=dict.fromkeys((*MODELS, PACKED), b"PK"),
    report_file="report.pdf",
)
RAR = UnusedFile("'work.rar' was not used: it is a RAR archive.", ROLES)


def test_every_role_of_a_whole_submission_is_filled_whatever_else_is_there() -> None:
    assert set(role_states(WHOLE).values()) == {RoleState.FILLED}
    assert set(role_states(replace(WHOLE, unused=(RAR,))).values()) == {RoleState.FILLED}


def test_role_without_a_file_is_empty_or_fillable() -> None:
    assert set(role_states(EMPTY).values()) == {RoleState.EMPTY}
    assert set(role_states(replace(EMPTY, unused=(RAR,))).values()) == {RoleState.FILLABLE}


@pytest.mark.parametrize("role", ROLES)
def test_role_is_contested_if_its_file_cannot_be_used(role: str) -> None:
    for submission in (WHOLE, EMPTY, replace(EMPTY, unused=(RAR,))):
        states = role_states(replace(submission, problems={role: "2 different files."}))
        assert states.pop(role) is RoleState.CONTESTED
        assert RoleState.CONTESTED not in states.values()


def test_role_of_question_3_is_contested_by_either_of_its_files() -> None:
    states = role_states(WHOLE, problems={PACKED: "it is damaged."})
    assert states[VARIABLE] is RoleState.CONTESTED


def test_role_whose_file_contains_nothing_is_empty_or_fillable() -> None:
    near = UnusedFile("'lab.py' was not used.", (SOLUTION,))
    states = role_states(replace(WHOLE, unused=(near,)), nothing=(SOLUTION, ANSWERS, REPORT))
    assert states[SOLUTION] is RoleState.FILLABLE
    assert states[ANSWERS] is states[REPORT] is RoleState.EMPTY
