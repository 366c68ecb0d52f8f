"""Run the command line of the grader: `python -m autograder`."""

import os
import sys
from collections.abc import Sequence

from autograder.cli import cli, run
from autograder.exit_status import INTERRUPTED


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    return run(cli, "python -m autograder", arguments)


if __name__ == "__main__":
    status = main()
    if status == INTERRUPTED:  # everything is closed; unloading torch would take seconds
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)
