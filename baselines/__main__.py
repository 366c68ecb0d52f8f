"""The command line: `python -m baselines COMMAND`.

Exit status: 0 done, 1 a committed model does not hold what it has to, 2 it could not start.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from quantlab.paths import DATASETS

CELLS = ("W8A8", "W4A4", "W8A2", "W2A8", "W2A2")
PTQ_METHODS = ("sym", "SAWB", "heuristic", "AdaRound", "BRECQ", "QDrop", "AdaQuant")
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


def main(arguments: Sequence[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(arguments)
    options.arguments = tuple(arguments)
    try:
        return options.command(options)
    except KeyboardInterrupt:
        print("Stopped; the same command goes on where it was.", file=sys.stderr)
        return 130


def _table1(options: argparse.Namespace) -> int:
    from baselines.experiments.table1_command import table1

    return table1(options)


def _ablate(options: argparse.Namespace) -> int:
    from baselines.experiments.ablation import ablate

    return ablate(options)


def _frontier(options: argparse.Namespace) -> int:
    from baselines.experiments.frontier_command import frontier

    return frontier(options)


def _run(options: argparse.Namespace) -> int:
    from baselines.experiments.run_command import run

    return run(options)


def _compare(options: argparse.Namespace) -> int:
    from baselines.experiments.compare_command import compare

    return compare(options)


def _deploy(options: argparse.Namespace) -> int:
    from baselines.integer_only.command import deploy

    return deploy(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m baselines", description="The literature of the handout, working."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_table1(commands)
    _add_ablate(commands)
    _add_frontier(commands)
    _add_literature(commands)
    _add_deploy(commands)
    return parser


def _add_table1(commands: Any) -> None:
    table1 = commands.add_parser(
        "table1",
        help="Table 1: quantized after training, and by training",
        description="Quantize the float ResNet-20 at five pairs of bit widths, after training "
        "(PTQ) and by training (QAT), measure each model once on all test images, and write table, "
        "curves and models with their recipes to DIR. Interrupted, the same command goes on.",
    )
    table1.set_defaults(command=_table1)
    table1.add_argument("--data", choices=DATASETS, default="cifar10")
    table1.add_argument("--cells", metavar="W4A4,W2A2", help=f"of {', '.join(CELLS)} (all)")
    table1.add_argument(
        "--method",
        metavar="NAME,NAME",
        help=f"after training: {', '.join(PTQ_METHODS)}, the first three also with '+ bias "
        "correction' or '+ batch normalization' (all but QDrop); by training: "
        f"{', '.join(QAT_METHODS)} (LSQ). Names that both have mean both",
    )
    table1.add_argument(
        "--only", choices=("ptq", "qat"), help="only after training, or only by training"
    )
    table1.add_argument("--epochs", type=int, metavar="N", help="of every training, one cycle")
    table1.add_argument("--learning-rate", type=float, metavar="R", help="of every training")
    table1.add_argument(
        "--seeds", type=int, default=1, metavar="N", help="trainings per cell, seeds 0 to N-1 (1)"
    )
    table1.add_argument(
        "--start", type=Path, metavar="FILE", help="the float network (the kit's own)"
    )
    table1.add_argument(
        "--validate",
        action="store_true",
        help="to develop: measure on held-out training images, not on test images",
    )
    table1.add_argument(
        "--no-compile", action="store_true", help="do without torch.compile (slower)"
    )
    table1.add_argument(
        "--out", type=Path, default=Path("runs") / "table1", metavar="DIR", help="(runs/table1)"
    )
    table1.add_argument(
        "--keep",
        action="store_true",
        help="put the models of the kit's own methods where the kit keeps them, to be committed",
    )
    table1.add_argument(
        "--verify",
        action="store_true",
        help="measure the committed models again instead; status 1 when one is below its target",
    )


def _add_ablate(commands: Any) -> None:
    ablate = commands.add_parser(
        "ablate",
        help="the float network's training without each of its choices",
        description="Train the float ResNet-20 for a few epochs by its recipe and without each of "
        "two choices, on images that are not held out, and measure on those that are.",
    )
    ablate.set_defaults(command=_ablate)
    ablate.add_argument("--data", choices=DATASETS, default="cifar10")
    ablate.add_argument("--epochs", type=int, default=12, metavar="N", help="of every training")
    ablate.add_argument("--seeds", type=int, default=1, metavar="N", help="trainings per choice")
    ablate.add_argument("--no-compile", action="store_true", help="do without torch.compile")
    ablate.add_argument("--out", type=Path, default=Path("runs") / "ablation.json", metavar="FILE")


def _add_frontier(commands: Any) -> None:
    frontier = commands.add_parser(
        "frontier",
        help="question 3: the smallest ResNet-20 above 85 %%",
        description="Find bit widths for every layer by every method, make models of them, measure "
        "each once on all test images, and write points, packed models and a picture of size "
        "against accuracy to DIR. Interrupted, the same command goes on.",
    )
    frontier.set_defaults(command=_frontier)
    frontier.add_argument("--data", choices=DATASETS, default="cifar10")
    frontier.add_argument(
        "--methods",
        nargs="*",
        metavar="NAME",
        help=f"of: {'; '.join(FRONTIER_METHODS)} (all); none with nothing behind it",
    )
    frontier.add_argument(
        "--student",
        metavar="POINT",
        help="to be drawn too: KiB,percent, or an answers.json, or a packed file, measured",
    )
    frontier.add_argument(
        "--finetune",
        type=Path,
        nargs="*",
        default=[],
        metavar="WIDTHS.json",
        help="train the float network at these widths",
    )
    frontier.add_argument("--epochs", type=int, metavar="N", help="of every training")
    frontier.add_argument("--seed", type=int, default=0, metavar="N", help="(0)")
    frontier.add_argument(
        "--start", type=Path, metavar="FILE", help="the float network (the kit's own)"
    )
    frontier.add_argument(
        "--validate",
        action="store_true",
        help="to develop: measure on held-out training images, not on test images",
    )
    frontier.add_argument(
        "--no-compile", action="store_true", help="train without torch.compile (slower)"
    )
    frontier.add_argument(
        "--out", type=Path, default=Path("runs") / "frontier", metavar="DIR", help="(runs/frontier)"
    )
    frontier.add_argument(
        "--keep",
        action="store_true",
        help="put the winners and all points where the kit keeps them, to be committed",
    )
    frontier.add_argument(
        "--verify",
        action="store_true",
        help="measure the committed winners again instead; status 1 when one does not hold",
    )


def _add_literature(commands: Any) -> None:
    run = commands.add_parser(
        "run",
        help="one system of the literature, measured",
        description="Quantize the float ResNet-20 by one system of the literature and measure it "
        "on all test images: accuracy, time, what data it saw. The model is saved in the kit's "
        "format where that holds it.",
    )
    run.set_defaults(command=_run)
    run.add_argument("method", metavar="METHOD", help=", ".join(LITERATURE_METHODS))
    run.add_argument(
        "--bits", default="W8A8", metavar="W8A8", help="W4A32: activations in floating point (W8A8)"
    )
    compare = commands.add_parser(
        "compare",
        help="the systems of the literature side by side",
        description="A table of methods by bit widths with the conditions that each meets, and a "
        "picture of it in DIR. Interrupted, the same command goes on.",
    )
    compare.set_defaults(command=_compare)
    compare.add_argument("--methods", metavar="NAME,NAME", help="(all)")
    compare.add_argument("--bits", metavar="W8A8,W4A4", help="(W8A8,W7A7,W6A6,W4A4)")
    compare.add_argument(
        "--verify",
        action="store_true",
        help="measure instead what each system has to reach; status 1 where one falls short",
    )
    for command in (run, compare):
        command.add_argument("--data", choices=DATASETS, default="cifar10")
        command.add_argument(
            "--model", type=Path, metavar="FILE", help="the float network (the kit's own)"
        )
        command.add_argument(
            "--validate",
            action="store_true",
            help="to develop: measure on held-out training images, not on test images",
        )
        command.add_argument(
            "--out",
            type=Path,
            default=Path("runs") / "literature",
            metavar="DIR",
            help="(runs/literature)",
        )


def _add_deploy(commands: Any) -> None:
    deploy = commands.add_parser(
        "deploy",
        help="a saved model as an integer-only network, and in ONNX Runtime",
        description="Make of a saved model a network of integers alone, from the pixels to the "
        "logits, and an ONNX graph; measure both on all test images beside the saved model.",
    )
    deploy.set_defaults(command=_deploy)
    deploy.add_argument("model", type=Path, metavar="MODEL.pt", help="such as ResNet20_W4A4.pt")
    deploy.add_argument("--data", choices=DATASETS, default="cifar10")
    deploy.add_argument(
        "--scheme",
        choices=SCHEMES,
        default=SCHEMES[0],
        help="what requantizes: a multiplication and a shift, or shifts alone (fixed-point)",
    )
    deploy.add_argument(
        "--out", type=Path, default=Path("runs") / "deploy", metavar="DIR", help="(runs/deploy)"
    )


if __name__ == "__main__":
    raise SystemExit(main())
