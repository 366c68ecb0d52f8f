"""The demonstration: `make demo` builds and grades the example submissions.

It uses CIFAR-10 if it is on this machine, else Shapes-10, and prints which. It downloads nothing.
"""

import sys
from pathlib import Path

from authoring.available_data import available_dataset
from authoring.examples import MissingModels, write_examples
from autograder.commands.grade import GradeOptions, grade
from autograder.exit_status import DONE, USAGE
from quantlab.data.cifar10 import DataNotFound

DEMO = Path("demo")


def demo() -> int:
    """Build the examples, grade them and say where the reports are; return the exit status."""
    dataset = available_dataset()
    print("Building the examples.")
    try:
        submissions = write_examples(dataset, DEMO / "submissions")
    except (MissingModels, DataNotFound, OSError) as problem:
        print(problem, file=sys.stderr)
        return USAGE
    print(
        f"Grading {len(submissions)} example submissions; the slow one loops until it is stopped."
    )
    status = grade(
        GradeOptions(paths=tuple(submissions), out=DEMO / "results", jobs=2, dataset=dataset)
    )
    if status == DONE:
        print(f"All scores: {DEMO / 'results' / 'summary.csv'}")
    return status
