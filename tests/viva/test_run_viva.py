"""A fault of the kit on one submission ends one sheet, not the command."""

import pytest

from autograder.course.worker_setup import Settings
from autograder.errors import IsolationUnavailable
from autograder.viva import run_viva
from autograder.viva.sheet import VivaTask
from quantlab.intake.submission import Submission

TASK = VivaTask("ada", Submission("ada"))


@pytest.fixture
def failure(monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
    """Make every sheet fail with the exception in the list."""
    failures: list[Exception] = []

    def fails(*arguments: object) -> None:
        raise failures[0]

    monkeypatch.setattr(run_viva, "open_sandbox", lambda *arguments: None)
    monkeypatch.setattr(run_viva, "course_secret", lambda: b"a secret that only tests know")
    monkeypatch.setattr(run_viva, "make_sheet", fails)
    return failures


def test_run_task_lists_a_student_whose_sheet_fails(failure: list[Exception]) -> None:
    failure.append(OverflowError("cannot convert\x1b infinity"))
    sheet = run_viva.run_task(TASK, Settings("shapes10"))
    assert (sheet.student, sheet.questions) == ("ada", ())
    assert sheet.fewer == (
        "no question: the kit failed with OverflowError, 'cannot convert\\x1b infinity'."
    )


def test_run_task_raises_what_concerns_the_whole_class(failure: list[Exception]) -> None:
    failure.append(IsolationUnavailable("No isolation."))
    with pytest.raises(IsolationUnavailable):
        run_viva.run_task(TASK, Settings("shapes10"))
