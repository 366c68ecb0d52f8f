"""Prepare what all submissions share: rubric, reference, test images, secret, known mistakes."""

import torch

from autograder.engine.corpus import BadKnownSubmission, load_mutants
from autograder.engine.misconceptions import Misconceptions
from autograder.engine.model_accuracy import Measurements
from autograder.engine.oracle import Oracle
from autograder.engine.rubric import RubricError, load_rubric
from autograder.engine.secret import SecretError, course_secret
from autograder.grading.submission import Course, UnknownCheck, select
from quantlab.data.cifar10 import DataNotFound


class UsageError(Exception):
    """The command can't start; the message is for the person who typed it."""


def prepare(dataset: str, check: str, quick: bool = False, reveal: bool = False) -> Course:
    """Everything that is the same for all submissions. Raises `UsageError`."""
    try:
        rubric = load_rubric()
        chosen = select(rubric, check)
        oracle = Oracle()
        measurements = Measurements(dataset, oracle, quick)
        if any(one.needs_data for one in chosen):
            measurements.load()  # found now, or nothing is marked
        misconceptions = Misconceptions(oracle.source, load_mutants())
        secret = course_secret()
        return Course(rubric, secret, oracle, measurements, misconceptions, check, reveal)
    except (
        RubricError,
        UnknownCheck,
        SecretError,
        DataNotFound,
        BadKnownSubmission,
    ) as problem:
        raise UsageError(str(problem)) from problem


def refuse_other_arithmetic(workers: str) -> None:
    """Raise `UsageError` where the worker computes with other instructions than this process."""
    here = f"torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}"
    if workers != here:
        raise UsageError(
            f"The isolated worker computes with {workers}, the grader with {here}, so that equal "
            "code would give different numbers. Unset ATEN_CPU_CAPABILITY and try again."
        )
