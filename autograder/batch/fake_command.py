"""The command `batch --fake`: writes a made-up class and says where it is."""

import sys

from autograder.batch.fake import FakeOptions, make_class
from autograder.grading import DONE, USAGE
from autograder.known import BadKnownSubmission
from autograder.marking import UnknownCheck
from autograder.rubric import RubricError
from quantlab.data import DataNotFound


def fake(options: FakeOptions) -> int:
    """Returns the exit status. Everything that goes wrong is a sentence."""
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        folder = make_class(options)
    except (BadKnownSubmission, DataNotFound, OSError, RubricError, UnknownCheck) as problem:
        print(problem, file=sys.stderr)
        return USAGE
    print(f"{folder} holds {options.count:,} hand-ins as {options.layout} exports them.")
    return DONE
