"""The command `rehearse make`: generate a class and print its folder."""

import sys

from authoring.rehearse.generated_class import RehearsalOptions, make_class
from autograder.engine.corpus import BadCorpus
from autograder.engine.rubric import RubricError
from autograder.exit_status import DONE, USAGE
from autograder.grading.submission import UnknownCheck
from quantlab.data.cifar10 import DataNotFound


def make(options: RehearsalOptions) -> int:
    """Write the class and return the exit status."""
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        folder = make_class(options)
    except (BadCorpus, DataNotFound, OSError, RubricError, UnknownCheck) as problem:
        print(problem, file=sys.stderr)
        return USAGE
    print(f"{folder} holds {options.count:,} submissions as {options.layout} exports them.")
    return DONE
