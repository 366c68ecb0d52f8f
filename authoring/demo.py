"""The demonstration: `make demo` builds the example submissions, marks them, shows the marks.

On CIFAR-10 where it is found, on Shapes-10 where it is not; the first line says which. Nothing is
downloaded.
"""

import sys
from pathlib import Path

from authoring.examples import MissingModels, build
from autograder.commands.grade import GradeOptions, grade
from autograder.exit_status import DONE
from quantlab.data.cifar10 import DataNotFound, candidate_roots, load_cifar10

DEMO = Path("demo")


def demo() -> int:
    """Build the examples, grade them and say where the reports are; return the exit status."""
    dataset = _dataset()
    print("Building the examples.")
    try:
        submissions = build(dataset, DEMO / "submissions")
    except (MissingModels, DataNotFound, OSError) as problem:
        print(problem, file=sys.stderr)
        return 2
    print(
        f"Marking {len(submissions)} example submissions; the slow one loops until it is stopped."
    )
    status = grade(
        GradeOptions(paths=tuple(submissions), out=DEMO / "marks", jobs=2, dataset=dataset)
    )
    if status == DONE:
        print(f"All marks: {DEMO / 'marks' / 'summary.csv'}")
    return status


def _dataset() -> str:
    """The data set to use, said in one line."""
    try:
        load_cifar10("test")
        load_cifar10("train")
    except DataNotFound:
        looked = " and ".join(str(place) for place in candidate_roots())
        print(f"Data: Shapes-10, drawn on the spot; there is no CIFAR-10 in {looked}.")
        return "shapes10"
    print("Data: CIFAR-10, 10,000 test images.")
    return "cifar10"
