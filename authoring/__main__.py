"""Run the command line of what builds and proves the kit: `python -m authoring`."""

import sys
from collections.abc import Sequence

from authoring.cli import cli
from autograder.cli import run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    return run(cli, "python -m authoring", arguments)


if __name__ == "__main__":
    sys.exit(main())
