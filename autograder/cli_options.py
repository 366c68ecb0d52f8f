"""The options that several commands share, and what their help says."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from quantlab.paths import DATASETS

if TYPE_CHECKING:
    from autograder.course.worker_setup import Settings

TIERS = ("A", "B", "C")
FILE = click.Path(path_type=Path)
POSITIVE = click.IntRange(min=1)
EPILOG = (
    "Exit status: 0 done, 1 done but something needs review, 2 stopped on an error, "
    "130 interrupted."
)

Command = Callable[..., int]


def data_option(default: str = "cifar10") -> Callable[[Command], Command]:
    """Return the option --data: which test images models are measured on."""
    return click.option(
        "--data",
        "dataset",
        type=click.Choice(list(DATASETS)),
        default=default,
        show_default=True,
        help="Measure models on this data set.",
    )


def jobs_option(default: int) -> Callable[[Command], Command]:
    """Return the option --jobs: how many submissions are graded at a time."""
    return click.option(
        "--jobs",
        type=POSITIVE,
        default=default,
        show_default=True,
        metavar="N",
        help="Grade this many submissions at a time.",
    )


def out_option(text: str) -> Callable[[Command], Command]:
    """Return the option --out of a command that grades; `text` is its help."""
    return click.option(
        "--out",
        type=FILE,
        default=Path("results"),
        show_default=True,
        metavar="DIR",
        help=text,
    )


def grading_options(command: Command) -> Command:
    """Add the options of every command that grades."""
    command = isolation_options(command)
    for option in (
        click.option(
            "--quick",
            is_flag=True,
            help="Measure models on 1,000 test images. The scores are provisional.",
        ),
        data_option(),
        click.option(
            "--check",
            default="*",
            metavar="GLOB",
            help="Run only these checks, such as '2b.*'. The scores are provisional.",
        ),
    ):
        command = option(command)
    return command


def isolation_options(command: Command) -> Command:
    """Add the options that say how student code is isolated."""
    for option in (
        click.option(
            "--allow-unsafe",
            is_flag=True,
            help="Work without isolation: student code runs with your rights.",
        ),
        click.option(
            "--tier",
            type=click.Choice(TIERS),
            help="Use only this isolation tier.  [default: the strongest one that works here]",
        ),
    ):
        command = option(command)
    return command


def export_option(command: Command) -> Command:
    """Add the option --export: where the graded export is now."""
    return click.option(
        "--export",
        type=FILE,
        metavar="PATH",
        help="The graded export, if it was moved.  [default: the path that batch read]",
    )(command)


def past_option(command: Command) -> Command:
    """Add the option --past: solutions of past terms to compare with."""
    return click.option(
        "--past",
        type=FILE,
        multiple=True,
        metavar="PATH",
        help="Compare solutions with those of a past term: an export, a folder of submissions, or "
        "a folder of .py files. May be repeated.",
    )(command)


def take_settings(options: dict[str, Any]) -> "Settings":
    """Remove the grading options of a command from `options` and return them."""
    from autograder.course.worker_setup import Settings

    shared = ("dataset", "check", "quick", "tier", "allow_unsafe")
    return Settings(**{name: options.pop(name) for name in shared})
