"""Grade odd but honest submissions in the sandbox, by the checks that they concern."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from authoring.examples import correct_answers
from authoring.verify.case_submissions import load_correct
from autograder.engine.corpus import OddCase
from autograder.engine.model_accuracy import ModelEvaluator
from autograder.engine.record import Report
from autograder.grading.submission import (
    GradingContext,
    build_report,
    grade_checks,
)
from autograder.paths import reference_models
from autograder.sandbox.host import Sandbox
from quantlab.intake.submission import (
    Submission,
    UnreadableSubmission,
    read_submission,
    unopened_submission,
)

STUDENT = "ada"
Grade = Callable[[OddCase], Report]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="session")
def evaluator(oracle) -> ModelEvaluator:
    return ModelEvaluator("shapes10", oracle, quick=True)


@pytest.fixture(scope="session")
def right(tmp_path_factory, oracle, evaluator) -> Path:
    """Write the correct submission and return its folder."""
    folder = tmp_path_factory.mktemp("correct")
    answers = correct_answers(STUDENT, evaluator)
    load_correct(oracle.source, answers, reference_models("shapes10"), folder)
    return folder / "right"


@pytest.fixture
def grade(tmp_path, right, sandbox, rubric, secret, oracle, evaluator, misconceptions) -> Grade:
    """Return the function that builds, reads and grades a case."""

    def grade_case(case: OddCase) -> Report:
        submission = read(case, tmp_path, right)
        graded = {}
        for pattern in case.checks:
            course = GradingContext(rubric, secret, oracle, evaluator, misconceptions, pattern)
            graded |= {
                check.result.id: check for check in grade_checks(submission, course, sandbox)
            }
        title = evaluator.dataset_title
        return build_report(submission, rubric, "*", title, True, sandbox.isolation, graded)

    return grade_case


def read(case: OddCase, folder: Path, right: Path) -> Submission:
    """Build a case below `folder` and read it as the commands do."""
    shutil.copytree(right, folder / STUDENT)
    path = case.build(folder / STUDENT)
    try:
        return read_submission(path, STUDENT)
    except UnreadableSubmission as problem:
        return unopened_submission(STUDENT, str(problem))
