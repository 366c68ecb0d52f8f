"""Prepare what all submissions share: rubric, reference, test images, secret, known mistakes."""

import torch

from autograder.engine.corpus import load_mutants
from autograder.engine.misconceptions import Misconceptions
from autograder.engine.model_accuracy import ModelEvaluator
from autograder.engine.oracle import Oracle
from autograder.engine.rubric import load_rubric
from autograder.engine.secret import course_secret
from autograder.engine.slips import refuse_bad_slips
from autograder.errors import SetupError
from autograder.grading.submission import GradingContext, select_checks
from quantlab.data.cifar10 import DataNotFound


def prepare_grading(
    dataset: str, check: str, quick: bool = False, reveal: bool = False
) -> GradingContext:
    """Return what all submissions share. Raise `SetupError` if grading cannot start."""
    try:
        rubric = load_rubric()
        chosen = select_checks(rubric, check)
        oracle = Oracle()
        evaluator = ModelEvaluator(dataset, oracle, quick)
        if any(item.needs_data for item in chosen):
            evaluator.load()  # found now, or nothing is graded
        mutants = load_mutants()
        refuse_bad_slips(rubric.slips, rubric.points, mutants)
        misconceptions = Misconceptions(oracle.source, mutants)
        secret = course_secret()
        return GradingContext(rubric, secret, oracle, evaluator, misconceptions, check, reveal)
    except DataNotFound as problem:
        raise SetupError(str(problem)) from problem


def refuse_other_arithmetic(workers: str) -> None:
    """Raise `SetupError` if the worker computes with other CPU instructions."""
    here = f"torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}"
    if workers != here:
        raise SetupError(
            f"The isolated worker computes with {workers}, the grader with {here}, so that equal "
            "code would give different numbers. Unset ATEN_CPU_CAPABILITY and try again."
        )
