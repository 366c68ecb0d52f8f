"""Submissions and a course to mark them by, all in this process."""

from collections.abc import Callable

import pytest

from autograder.engine.record import CheckResult, Report
from autograder.grading.submission import GradingContext, grade_submission
from quantlab.formats.answers import Answers
from quantlab.intake.submission import Submission


@pytest.fixture
def course(rubric, secret, oracle, evaluator, misconceptions) -> GradingContext:
    return GradingContext(rubric, secret, oracle, evaluator, misconceptions)


@pytest.fixture
def marked(course, executor) -> Callable[[Submission], Report]:
    return lambda submission: grade_submission(submission, course, executor)


@pytest.fixture
def full_models(evaluator) -> dict[str, bytes]:
    """One file per cell, each above its threshold."""
    cells = ("W8A8", "W4A4", "W8A2", "W2A8", "W2A2")
    evaluator.accuracies = {cell.encode(): 95.0 for cell in cells}
    return {f"ResNet20_{cell}.pt": cell.encode() for cell in cells}


@pytest.fixture
def empty_answers() -> Answers:
    return Answers(student="ada", dataset="CIFAR-10")


def by_id(report: Report) -> dict[str, CheckResult]:
    return {check.id: check for check in report.checks}
