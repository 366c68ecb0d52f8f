"""The command line: `python -m baselines COMMAND`.

Exit status: 0 done, 1 a committed model does not hold what it has to, 2 it could not start.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

DATASETS = ("cifar10", "shapes10")  # spelled out: --help must not wait for torch
CELLS = ("W8A8", "W4A4", "W8A2", "W2A8", "W2A2")
PTQ_METHODS = ("sym", "SAWB", "heuristic", "AdaRound", "BRECQ", "QDrop", "AdaQuant")
QAT_METHODS = ("LSQ", "SAWB", "sym", "clipped STE", "STE")
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
    from baselines.table1_command import table1

    return table1(options)


def _deploy(options: argparse.Namespace) -> int:
    from baselines.integer_only.command import deploy

    return deploy(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m baselines", description="The literature of the handout, working."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
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
    table1.add_argument("--epochs", type=int, metavar="N", help="of every training")
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
        help="to develop: hold 5,000 training images out and measure on them, not on test images",
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
    _add_deploy(commands)
    return parser


def _add_deploy(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
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
