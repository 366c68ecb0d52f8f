"""Method names and options that the commands of the baselines share.

Nothing here imports torch.
"""

import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from quantlab.paths import DATASETS

HANDOUT_RULES = ("sym", "sym + MSE inputs", "SAWB", "heuristic")
PTQ_METHODS = (
    *(
        f"{rule}{end}"
        for rule in HANDOUT_RULES
        for end in ("", " + bias correction", " + batch normalization")
    ),
    *("AdaRound", "BRECQ", "QDrop", "AdaQuant"),
)
FRONTIER_METHODS = (
    *("uniform", "greedy", "ZeroQ", "KL, training images", "HAWQ-V2", "pairs"),
    *("uniform, reconstructed", "blocks"),
)
QAT_METHODS = ("LSQ", "SAT", "SAWB", "sym", "clipped STE", "STE")
LITERATURE_METHODS = (
    *("ZeroQ", "ZeroQ on noise", "ZeroQ on real data", "DFQ", "SQuant", "ISQuant", "N2D2"),
    *("N2D2 single-shift", "N2D2 double-shift", "N2D2 per channel", "N2D2 KL", "N2D2 quantile"),
    "N2D2 clipped weights",
)
SCHEMES = ("fixed-point", "single-shift", "double-shift")
NONE = "none"
FILE = click.Path(path_type=Path)

Command = Callable[..., int]


class ListItem(click.ParamType):
    """A value of an option that may be repeated, one of `names` unless these are empty.

    A list with commas, the former syntax, is refused with the new form.
    """

    name = "name"

    def __init__(self, names: Sequence[str] = ()) -> None:
        """Accept any value without a comma if `names` are empty."""
        self.names = tuple(names)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the value, or fail with a sentence."""
        if value in self.names or (not self.names and "," not in value):
            return str(value)
        option = param.opts[0] if param else ""
        if "," in value:
            parts = [part.strip() for part in value.split(",") if part.strip()]
            form = _repeated(option, parts)
            raise click.BadParameter(f"Repeat the option for a list: {form}", ctx, param)
        raise click.BadParameter(
            f"There is no {value!r}: choose from {'; '.join(self.names)}.", ctx, param
        )


def _repeated(option: str, values: Sequence[str]) -> str:
    return " ".join(f"{option} {shlex.quote(value)}" for value in values)


def former_option(old: str, new: str, example: Sequence[str]) -> Callable[[Command], Command]:
    """Return a hidden option that refuses the former name of an option."""

    def refuse(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
        if value is not None:
            raise click.UsageError(
                f"{old} is now {new}, repeated for a list: {_repeated(new, example)}", ctx
            )

    return click.option(
        old,
        f"former_{old.strip('-')}",  # not the name of the new option
        hidden=True,
        expose_value=False,
        callback=refuse,
        is_flag=False,
        flag_value="",
    )


def refuse_together(flag: str, reason: str, *names: str) -> None:
    """Raise `UsageError` if one of these options is used beside `flag`."""
    ctx = click.get_current_context()
    for param in ctx.command.params:
        source = ctx.get_parameter_source(param.name or "")
        if param.name in names and source is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{flag} {reason}: leave {param.opts[0]} out.", ctx)


def data_option(command: Command) -> Command:
    """Add the option --data."""
    return click.option(
        "--data",
        "dataset",
        type=click.Choice(list(DATASETS)),
        default="cifar10",
        show_default=True,
        help="Use this data set.",
    )(command)


def out_option(default: Path, text: str) -> Callable[[Command], Command]:
    """Return the option --out."""
    return click.option(
        "--out", type=FILE, default=default, show_default=True, metavar="PATH", help=text
    )


def validate_option(command: Command) -> Command:
    """Add the option --validate."""
    return click.option(
        "--validate",
        is_flag=True,
        help="Measure on held-out training images, not on test images (to develop).",
    )(command)


def no_compile_option(command: Command) -> Command:
    """Add the option --no-compile."""
    return click.option("--no-compile", is_flag=True, help="Train without torch.compile (slower).")(
        command
    )


def network_option(name: str) -> Callable[[Command], Command]:
    """Return the option for the file of the float network."""
    return click.option(
        name,
        type=FILE,
        metavar="FILE",
        help="Start from this float network.  [default: the kit's own]",
    )


def seeds_option(unit: str) -> Callable[[Command], Command]:
    """Return the option --seeds, which repeats the training of every `unit`."""
    return click.option(
        "--seeds",
        type=int,
        default=1,
        show_default=True,
        metavar="N",
        help=f"Train every {unit} N times, with seeds 0 to N-1.",
    )


def experiment_options(name: str, kept: str) -> Callable[[Command], Command]:
    """Return the options that `table1` and `frontier` share, in their order in the help."""

    def add(command: Command) -> Command:
        command = click.option(
            "--verify",
            is_flag=True,
            help="Measure the committed models again. Exit status 1 if one misses its record or "
            "target.",
        )(command)
        command = click.option(
            "--keep", is_flag=True, help=f"Copy the {kept} to where the kit keeps them."
        )(command)
        command = out_option(Path("runs") / name, "Write results and models into this folder.")(
            command
        )
        return network_option("--start")(validate_option(no_compile_option(command)))

    return add


def check_modes(options: Mapping[str, Any]) -> None:
    """Refuse options that --verify and --keep would ignore."""
    if options["verify"]:
        others = (name for name in options if name not in ("dataset", "verify"))
        refuse_together("--verify", "measures the committed models", *others)
    if options["keep"]:
        refuse_together("--keep", "keeps models measured on test images", "validate")
