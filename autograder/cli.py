"""The command line of the grader: `python -m autograder COMMAND`.

Exit status of every command: 0 done, 1 done but something needs review, 2 stopped on an error,
130 interrupted.
"""

import io
import sys
from collections.abc import Sequence

import click

from autograder.cli_class import audit, desk, forget, pull, return_feedback, viva
from autograder.cli_grading import appeal, batch, grade, isolation
from autograder.cli_options import EPILOG
from autograder.exit_status import DONE, INTERRUPTED, USAGE

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_MOVED = {
    "verify": "python -m authoring verify (and python -m authoring attack for --exploits)",
    "release": "python -m authoring release",
}
_COMMANDS = (
    *(grade, batch, appeal, isolation),
    *(pull, desk, return_feedback, viva, audit, forget),
)


def run(group: click.Group, program: str, arguments: Sequence[str] | None = None) -> int:
    """Run a command of `group` and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a console that lacks a character shows "?"
            stream.reconfigure(errors="replace")
    try:
        status = group.main(arguments, prog_name=program, standalone_mode=False)
    except click.ClickException as problem:
        problem.show()
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        print("Interrupted. Files that were written before are whole.", file=sys.stderr)
        return INTERRUPTED
    return status if isinstance(status, int) else DONE


class MovedCommands(click.Group):
    """A group that answers former commands with the name of the new one."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command. Raise UsageError, naming the new form, for one that was moved."""
        if cmd_name in _MOVED:
            raise click.UsageError(f"{cmd_name} is now {_MOVED[cmd_name]}.", ctx)
        return super().get_command(ctx, cmd_name)


@click.group(cls=MovedCommands, context_settings=_SETTINGS, epilog=EPILOG)
def cli() -> None:
    """Grade submissions of the quantization assignment."""


for _command in _COMMANDS:
    cli.add_command(_command)
