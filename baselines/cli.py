"""The command line of the baselines: `python -m baselines COMMAND`.

Commands import what they need when they run, so that `--help` does not wait for torch.
"""

import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from baselines.exit_status import DONE, INTERRUPTED, USAGE
from quantlab.paths import CELLS, DATASETS

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
EPILOG = (
    "Exit status: 0 done, 1 a committed model misses its record or target, 2 it could not start, "
    "130 interrupted."
)
FILE = click.Path(path_type=Path)
_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

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


def _former(old: str, new: str, example: Sequence[str]) -> Callable[[Command], Command]:
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


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    command_line = shlex.join(["python", "-m", "baselines", *arguments])
    try:
        status = cli.main(
            arguments, prog_name="python -m baselines", standalone_mode=False, obj=command_line
        )
    except click.ClickException as problem:
        problem.show()
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        print("Interrupted. Run the same command again to resume.", file=sys.stderr)
        return INTERRUPTED
    return status if isinstance(status, int) else DONE


def _refuse_together(flag: str, reason: str, *names: str) -> None:
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


@click.group(context_settings=_SETTINGS, epilog=EPILOG)
def cli() -> None:
    """Run the quantization methods of the handout's literature."""


@cli.command(epilog=EPILOG)
@data_option
@click.option(
    "--cell",
    "cells",
    multiple=True,
    type=ListItem(CELLS),
    metavar="CELL",
    help=f"Compute this cell: {', '.join(CELLS)}. May be repeated.  [default: all]",
)
@_former("--cells", "--cell", ("W4A4", "W2A2"))
@click.option(
    "--method",
    "methods",
    multiple=True,
    type=ListItem(tuple(dict.fromkeys((*PTQ_METHODS, *QAT_METHODS)))),
    metavar="NAME",
    help="Use this method. May be repeated. After training: "
    f"{', '.join((*HANDOUT_RULES, 'AdaRound', 'BRECQ', 'QDrop', 'AdaQuant'))}; the first four also "
    "with ' + bias correction' or ' + batch normalization'. By training: "
    f"{', '.join(QAT_METHODS)}. A name of both kinds stands for both.  [default: all after "
    "training but QDrop and the variants; LSQ by training]",
)
@click.option(
    "--only",
    type=click.Choice(("ptq", "qat")),
    help="Quantize only after training (ptq), or only by training (qat).",
)
@click.option("--epochs", type=int, metavar="N", help="Train every model for N epochs.")
@click.option("--learning-rate", type=float, metavar="R", help="Train with this learning rate.")
@click.option(
    "--seeds",
    type=int,
    default=1,
    show_default=True,
    metavar="N",
    help="Train every cell N times, with seeds 0 to N-1.",
)
@network_option("--start")
@validate_option
@no_compile_option
@out_option(Path("runs") / "table1", "Write table, curves and models into this folder.")
@click.option(
    "--keep",
    is_flag=True,
    help="Copy the models of the kit's own methods to where the kit keeps them.",
)
@click.option(
    "--verify",
    is_flag=True,
    help="Measure the committed models again. Exit status 1 if one misses its record or target.",
)
@click.pass_obj
def table1(command_line: str, **options: Any) -> int:
    """Compute Table 1: models quantized after training and by training.

    Quantize the float ResNet-20 at five pairs of bit widths, after training (PTQ) and by training
    (QAT). Measure each model once on all test images. Write table, curves, and models with their
    recipes.

    Interrupted? Run the same command again to resume.
    """
    if options["verify"]:
        _refuse_together(
            "--verify",
            "measures the committed models",
            *(name for name in options if name not in ("dataset", "verify")),
        )
    if options["keep"]:
        _refuse_together("--keep", "keeps models measured on test images", "validate")
    if options["only"] == "ptq":
        _refuse_together("--only ptq", "trains nothing", "epochs", "learning_rate", "seeds")
    from baselines.commands.table1 import table1 as run_table1
    from baselines.experiments.table1 import Table1Options

    return run_table1(Table1Options(command=command_line, **options))


@cli.command(epilog=EPILOG)
@data_option
@click.option(
    "--epochs",
    type=int,
    default=12,
    show_default=True,
    metavar="N",
    help="Train every network for N epochs.",
)
@click.option(
    "--seeds",
    type=int,
    default=1,
    show_default=True,
    metavar="N",
    help="Train every recipe N times, with seeds 0 to N-1.",
)
@no_compile_option
@out_option(Path("runs") / "ablation.json", "Write the results into this file.")
def ablate(**options: Any) -> int:
    """Train the float network without each choice of its recipe.

    Train the float ResNet-20 for a few epochs by its recipe, and without each of two choices, on
    training images that are not held out. Measure on the held-out ones.

    Interrupted? Run the same command again to resume.
    """
    from baselines.commands.ablate import ablate as run_ablate
    from baselines.experiments.ablation import AblateOptions

    return run_ablate(AblateOptions(**options))


@cli.command(epilog=EPILOG)
@data_option
@click.option(
    "--method",
    "methods",
    multiple=True,
    type=ListItem((*FRONTIER_METHODS, NONE)),
    metavar="NAME",
    help=f"Search with this method: {'; '.join(FRONTIER_METHODS)}. May be repeated; '{NONE}' "
    "searches with no method.  [default: all]",
)
@_former("--methods", "--method", ("greedy", "blocks"))
@click.option(
    "--student",
    metavar="POINT",
    help="Draw a student's model, too: KiB,percent, or an answers.json or packed file to measure.",
)
@click.option(
    "--finetune",
    "fine_tune",
    type=FILE,
    multiple=True,
    metavar="WIDTHS.json",
    help="Train the float network at these bit widths. May be repeated.",
)
@click.option("--epochs", type=int, metavar="N", help="With --finetune: train for N epochs.")
@click.option(
    "--seed", type=int, default=0, show_default=True, metavar="N", help="Use this random seed."
)
@network_option("--start")
@validate_option
@no_compile_option
@out_option(Path("runs") / "frontier", "Write points, packed models and picture into this folder.")
@click.option(
    "--keep",
    is_flag=True,
    help="Copy the winners and all points to where the kit keeps them.",
)
@click.option(
    "--verify",
    is_flag=True,
    help="Measure the committed winners again. Exit status 1 if one misses its record or target.",
)
@click.pass_obj
def frontier(command_line: str, **options: Any) -> int:
    """Search the smallest ResNet-20 above 85 % (question 3).

    Search bit widths for every layer with every method, build the models, and measure each once on
    all test images. Write points, packed models and a picture of size against accuracy.

    Interrupted? Run the same command again to resume.
    """
    if options["verify"]:
        _refuse_together(
            "--verify",
            "measures the committed winners",
            *(name for name in options if name not in ("dataset", "verify")),
        )
    if options["keep"]:
        _refuse_together("--keep", "keeps models measured on test images", "validate")
    if options["epochs"] is not None and not options["fine_tune"]:
        raise click.UsageError("--epochs belongs to --finetune: give both.")
    methods: tuple[str, ...] = options.pop("methods")
    if NONE in methods and len(methods) > 1:
        raise click.UsageError(f"--method {NONE} searches nothing: leave the other methods out.")
    from baselines.commands.frontier import frontier as run_frontier
    from baselines.experiments.frontier import FrontierOptions

    wanted = tuple(name for name in methods if name != NONE) if methods else None
    return run_frontier(FrontierOptions(methods=wanted, command=command_line, **options))


@cli.command("run", epilog=EPILOG)
@click.argument("method", metavar="METHOD", type=ListItem(LITERATURE_METHODS))
@click.option(
    "--bits",
    default="W8A8",
    show_default=True,
    metavar="CELL",
    help="Bits of weights and activations; W4A32 leaves activations in floating point.",
)
@data_option
@network_option("--model")
@validate_option
@out_option(Path("runs") / "literature", "Save the model below this folder.")
def run_system(**options: Any) -> int:
    """Measure one system of the literature.

    Quantize the float ResNet-20 by METHOD, and print its accuracy on all test images, its time, and
    the data that it uses. Save the model if the kit's format can hold it.
    """
    from baselines.commands.run import run as run_command
    from baselines.experiments.comparison import RunOptions

    return run_command(RunOptions(**options))


@cli.command(epilog=EPILOG)
@click.option(
    "--method",
    "methods",
    multiple=True,
    type=ListItem(LITERATURE_METHODS),
    metavar="NAME",
    help=f"Measure this method: {'; '.join(LITERATURE_METHODS)}. May be repeated.  [default: all]",
)
@_former("--methods", "--method", ("SQuant", "DFQ"))
@click.option(
    "--bits",
    multiple=True,
    type=ListItem(),
    metavar="CELL",
    help="Measure at these bits. May be repeated.  [default: W8A8, W7A7, W6A6, W4A4]",
)
@data_option
@network_option("--model")
@validate_option
@out_option(Path("runs") / "literature", "Write rows and picture into this folder.")
@click.option(
    "--verify",
    is_flag=True,
    help="Measure what each system must reach. Exit status 1 if one falls short.",
)
def compare(**options: Any) -> int:
    """Compare the systems of the literature.

    Print a table of methods by bit widths, with the conditions that each meets, and draw it.

    Interrupted? Run the same command again to resume.
    """
    if options["verify"]:
        _refuse_together("--verify", "measures a fixed list", "methods", "bits", "out")
    from baselines.commands.compare import compare as run_compare
    from baselines.experiments.comparison import CompareOptions

    return run_compare(CompareOptions(**options))


@cli.command(epilog=EPILOG)
@click.argument("model", type=FILE, metavar="MODEL.pt")
@data_option
@click.option(
    "--scheme",
    type=click.Choice(SCHEMES),
    default=SCHEMES[0],
    show_default=True,
    help="Requantize by a multiplication and a shift, by one shift, or by two.",
)
@out_option(Path("runs") / "deploy", "Write the networks into this folder.")
def deploy(**options: Any) -> int:
    """Convert a saved model to integers only, and to ONNX.

    Convert MODEL.pt, such as ResNet20_W4A4.pt, to a network of integers from the pixels to the
    logits, and to ONNX graphs. Measure all of them on the test images beside the saved model.
    """
    from baselines.commands.deploy import DeployOptions
    from baselines.commands.deploy import deploy as run_deploy

    return run_deploy(DeployOptions(**options))
