"""Print foreseeable problems as one sentence, with an exit status."""

import sys
from collections.abc import Callable

from baselines.errors import BaselineError
from baselines.exit_status import USAGE
from quantlab.errors import KitError

PROBLEMS = (BaselineError, KitError, ValueError, OSError)


def report_problems(action: Callable[[], int]) -> int:
    """Return the exit status of `action`, or print its problem and return `USAGE`."""
    try:
        return action()
    except PROBLEMS as problem:
        print(problem, file=sys.stderr)
        return USAGE
