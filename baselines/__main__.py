"""Run the command line of the baselines: `python -m baselines`."""

import sys
from collections.abc import Sequence

from baselines.cli import run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
