"""The answer matrix, recorded once: every known submission against every check, in this process."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from rich.console import Console

from authoring.examples import correct_answers
from authoring.verify.answer_cache import RecordingExecutor, RecordingOracle
from authoring.verify.case_submissions import STUDENT, load_correct
from authoring.verify.command import grade_cases
from authoring.verify.matrix import Matrix
from autograder.checks import ALL_CHECKS
from autograder.checks.base import Check, Evidence
from autograder.engine.corpus import Mutant, load_alternatives, load_mutants
from autograder.engine.misconceptions import Misconceptions
from autograder.engine.model_accuracy import ModelEvaluator
from autograder.engine.rubric import Rubric
from autograder.grading.submission import GradingContext, build_evidence
from autograder.paths import reference_models
from quantlab.errors import UnreadableModel
from quantlab.formats.read_untrusted import read_saved_model
from quantlab.protocol.calls import Failure
from tests.conftest import SECRET, InProcessPlayer


class OpeningPlayer(InProcessPlayer):
    """Opens models as the worker does, without its walls: the known ones are ours."""

    def read_checkpoint(self, content: bytes) -> Mapping[str, Any] | Failure:
        try:
            return read_saved_model(content)
        except UnreadableModel as error:
            return Failure("error", f"This file {error}.")


@dataclass(frozen=True)
class Recorded:
    """The matrix, and what it takes to ask one check again at no cost."""

    matrix: Matrix
    rubric: Rubric
    evidence_of: Callable[[str], Evidence]


@pytest.fixture(scope="session")
def recorded(tmp_path_factory, rubric) -> Recorded:
    oracle = RecordingOracle()
    evaluator = ModelEvaluator("shapes10", oracle)
    mutants = load_mutants()
    named = Misconceptions(oracle.source, mutants)
    course = GradingContext(rubric, SECRET, oracle, evaluator, named)
    folder = tmp_path_factory.mktemp("known")
    answers = correct_answers(STUDENT, evaluator)
    correct = load_correct(oracle.source, answers, reference_models("shapes10"), folder)
    executor = RecordingExecutor(OpeningPlayer(), {})
    cases = (*load_alternatives(), *mutants)
    with warnings.catch_warnings(action="ignore"):  # some of them warn: they are students
        matrix = grade_cases(cases, correct, course, [executor], Console(quiet=True))
    submissions = {row.name: correct.apply(row.case) for row in matrix.rows}
    unnamed = GradingContext(rubric, SECRET, oracle, evaluator, Misconceptions(oracle.source, ()))
    return Recorded(
        matrix, rubric, lambda name: build_evidence(submissions[name], unnamed, executor)
    )


AUTOMATIC: tuple[Check, ...] = tuple(check for check in ALL_CHECKS if check.source != "person")


def mutants_of(matrix: Matrix, check: str) -> list[Mutant]:
    return [mutant for mutant, row in matrix.mutants if check in row.lost]
