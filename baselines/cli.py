"""The command line of the baselines: `python -m baselines COMMAND`.

Commands import what they need when they run, so that `--help` does not wait for torch.
"""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from baselines.cli_options import (
    FILE,
    FRONTIER_METHODS,
    HANDOUT_RULES,
    LITERATURE_METHODS,
    NONE,
    PTQ_METHODS,
    QAT_METHODS,
    SCHEMES,
    ListItem,
    check_modes,
    data_option,
    experiment_options,
    former_option,
    network_option,
    no_compile_option,
    out_option,
    refuse_together,
    seeds_option,
    validate_option,
)
from baselines.exit_status import DONE, INTERRUPTED, USAGE
from quantlab.paths import CELLS

EPILOG = (
    "Exit status: 0 done, 1 a committed model misses its record or target, 2 it could not start, "
    "130 interrupted."
)
_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


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
@former_option("--cells", "--cell", ("W4A4", "W2A2"))
@click.option(
    "--method",
    "methods",
    multiple=True,
    type=ListItem(tuple(dict.fromkeys((*PTQ_METHODS, *QAT_METHODS)))),
    metavar="NAME",
    help="Use this method. May be repeated. After training: "
    f"{', '.join((*HANDOUT_RULES, 'AdaRound', 'BRECQ', 'QDrop', 'AdaQuant'))}; the first four also "
    "with ' + bias correction' or ' + batch normalization'. By training: "
    f"{', '.join(QAT_METHODS)}. A name of both kinds stands for both.  [default: "
    "sym, SAWB, heuristic, heuristic + batch normalization, AdaRound, BRECQ, AdaQuant; LSQ]",
)
@click.option(
    "--only",
    type=click.Choice(("ptq", "qat")),
    help="Quantize only after training (ptq), or only by training (qat).",
)
@click.option("--epochs", type=int, metavar="N", help="Train every model for N epochs.")
@click.option("--learning-rate", type=float, metavar="R", help="Train with this learning rate.")
@seeds_option("cell")
@experiment_options("table1", "models of the kit's own methods")
@click.pass_obj
def table1(command_line: str, **options: Any) -> int:
    """Compute Table 1, after training and by training.

    Quantize the float ResNet-20 at five pairs of bit widths, after training (PTQ) and by training
    (QAT). Measure each model once on all test images. Write table, curves, and models with their
    recipes.

    Interrupted? Run the same command again to resume.
    """
    check_modes(options)
    if options["only"] == "ptq":
        refuse_together("--only ptq", "trains nothing", "epochs", "learning_rate", "seeds")
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
@seeds_option("recipe")
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
@former_option("--methods", "--method", ("greedy", "blocks"))
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
@experiment_options("frontier", "winners and all points")
@click.pass_obj
def frontier(command_line: str, **options: Any) -> int:
    """Search the smallest ResNet-20 above 85 % (question 3).

    Search bit widths for every layer with every method, build the models, and measure each once on
    all test images. Write points, packed models and a picture of size against accuracy.

    Interrupted? Run the same command again to resume.
    """
    check_modes(options)
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
@former_option("--methods", "--method", ("SQuant", "DFQ"))
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
        refuse_together("--verify", "measures a fixed list", "methods", "bits", "out")
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
