"""Run the command line of the grader: `python -m autograder`."""

import sys
from collections.abc import Sequence

from autograder.cli import cli, run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    return run(cli, "python -m autograder", arguments)


if __name__ == "__main__":
    sys.exit(main())
