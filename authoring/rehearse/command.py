"""The commands `rehearse make`, `compare` and `run`: generate a class, grade it, compare it."""

import sys
from dataclasses import replace
from pathlib import Path

from authoring.available_data import available_dataset
from authoring.rehearse.comparison import CannotCompare, compare_class
from authoring.rehearse.generated_class import EXPORT, RehearsalOptions, make_class
from autograder.commands.batch import BatchOptions, batch
from autograder.course.worker_setup import Settings
from autograder.engine.corpus import BadCorpus
from autograder.engine.rubric import RubricError
from autograder.exit_status import DONE, INTERRUPTED, NEEDS_REVIEW, USAGE
from autograder.grading.submission import UnknownCheck
from quantlab.data.cifar10 import DataNotFound

RESULTS = "results"
_SHOWN = 20  # differences


def make(options: RehearsalOptions) -> int:
    """Write the class, print how to grade it, and return the exit status."""
    options = replace(options, dataset=available_dataset(options.dataset))
    status = _make(options)
    if status == DONE:
        settings = f"--data {options.dataset}"
        settings += f" --check '{options.check}'" if options.check != "*" else ""
        results = options.out / RESULTS
        print(
            f"Grade it: python -m autograder batch {options.out / EXPORT} --out {results} "
            f"{settings}\n"
            f"Compare:  python -m authoring rehearse compare {options.out} {results}"
        )
    return status


def run(options: RehearsalOptions, jobs: int | None = None) -> int:
    """Write the class, grade it, compare it; return the exit status, 1 if a score differs."""
    options = replace(options, dataset=available_dataset(options.dataset))
    status = _make(options)
    if status != DONE:
        return status
    results = options.out / RESULTS
    settings = Settings(options.dataset, options.check)
    status = batch(BatchOptions(options.out / EXPORT, results, settings, jobs))
    if status in (USAGE, INTERRUPTED):
        return status
    return compare(options.out, results)


def compare(folder: Path, results: Path) -> int:
    """Print each student whose score is not the expected one; return the exit status."""
    try:
        differences = compare_class(folder, results)
    except CannotCompare as problem:
        print(problem, file=sys.stderr)
        return USAGE
    for student, sentence in list(differences.items())[:_SHOWN]:
        print(f"{student} {sentence}")
    if len(differences) > _SHOWN:
        print(f"{len(differences) - _SHOWN:,} more differ.")
    if differences:
        print(f"{len(differences):,} results are not those expected.")
        return NEEDS_REVIEW
    print("Every result is the expected one.")
    return DONE


def _make(options: RehearsalOptions) -> int:
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        folder = make_class(options)
    except (BadCorpus, DataNotFound, OSError, RubricError, UnknownCheck) as problem:
        print(problem, file=sys.stderr)
        return USAGE
    print(f"{folder} holds {options.count:,} submissions as {options.layout} exports them.")
    return DONE
