"""A builder of reports, and one that looks like a real submission's."""

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest

from autograder.verdict import CheckResult, ModelResult, Report, Verdict

TITLES = {
    "1a": "Quantization functions",
    "1b": "Mean squared error of three scales",
    "1c": "Which method works better",
}

V = Verdict


@pytest.fixture
def make_check() -> Callable[..., CheckResult]:
    """A right, visible check of question 1a; keywords change any field."""
    numbers = count(1)

    def make(**changes: object) -> CheckResult:
        check = CheckResult(
            id=f"check_{next(numbers)}",
            question="1a",
            title="Rounds to the nearest integer",
            visible=True,
            source="call",
            verdict=Verdict.CORRECT,
            points=3.0,
            max_points=3.0,
            points_alone=3.0,
        )
        return replace(check, **changes)

    return make


@pytest.fixture
def make_report() -> Callable[..., Report]:
    """A report of the given checks; keywords change any other field."""

    def make(*checks: CheckResult, **changes: object) -> Report:
        report = Report(
            student="ada",
            dataset="cifar10",
            isolation="B: Landlock ABI 7 + seccomp + limits",
            checks=checks,
            question_titles=TITLES,
        )
        return replace(report, **changes)

    return make
