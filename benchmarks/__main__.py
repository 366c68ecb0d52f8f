"""What the kit costs, as ratios against a peer in the same run.

    python -m benchmarks [--only kernels,networks] [--runs 3] [--threads 2]

prints a table: what was measured, against what, minimum, median and maximum of the runs, and which
of its bounds the median satisfies. Exit status 1 where one misses what it must reach, 2 where it
could not start. Numbers mean something on a quiet machine only. Further measurements are modules of
their own: `benchmarks.training`, `benchmarks.whole_class`, `benchmarks.class_page`,
`benchmarks.slow_neighbour` and `benchmarks.scaling`.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping

import rich.table
import torch
from rich.console import Console

from authoring.examples import MissingModels
from autograder.grading.preparation import SetupError
from autograder.sandbox.self_test import IsolationUnavailable
from baselines.errors import MissingPackage
from benchmarks import grading_cost, kernel_processes, networks, processes
from benchmarks.rounds import Row
from quantlab.data.cifar10 import DataNotFound, load_dataset
from quantlab.formats.saved_model import BadSavedModel
from quantlab.paths import DATASETS

Rows = Callable[[argparse.Namespace], Iterator[Row]]

GROUPS: Mapping[str, Rows] = {
    "kernels": lambda options: kernel_processes.rows(options.runs, older=False),
    "portable": lambda options: kernel_processes.rows(options.runs, older=True),
    "networks": lambda options: networks.rows(
        options.data, load_dataset(options.data, "test"), options.runs
    ),
    "marking": lambda options: grading_cost.rows(
        options.data, load_dataset(options.data, "test"), options.runs
    ),
    "processes": lambda options: processes.rows(options.data, options.runs),
}


def main() -> int:
    options = _parser().parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        rows = list(_measured(options))
    except (
        BadSavedModel,
        DataNotFound,
        IsolationUnavailable,
        MissingModels,
        MissingPackage,
        SetupError,
        subprocess.CalledProcessError,
    ) as problem:
        print(problem, file=sys.stderr)
        return 2
    _show(rows)
    return 0 if all(row.holds for row in rows) else 1


def _measured(options: argparse.Namespace) -> Iterator[Row]:
    for name in options.only:
        for row in GROUPS[name](options):
            print(f"{row.what}: {row.middle:.3g} {row.unit} {row.against}", file=sys.stderr)
            yield row


def _show(rows: list[Row]) -> None:
    title = f"torch {torch.__version__}, {torch.get_num_threads()} threads"
    table = rich.table.Table(title=title, box=None, pad_edge=False)
    for column in ("what", "against", "min", "median", "max", "", "must", "aim", "reached"):
        table.add_column(column, justify="right" if column in ("min", "median", "max") else "left")
    for row in rows:
        spread = (min(row.values), row.middle, max(row.values))
        bounds = ("" if bound is None else f"{bound:g}" for bound in (row.must, row.aim))
        numbers = (f"{value:.3g}" for value in spread)
        table.add_row(row.what, row.against, *numbers, row.unit, *bounds, row.verdict)
    Console(width=200).print(table)


def _groups(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in GROUPS:
            raise argparse.ArgumentTypeError(
                f"there is no {name!r}: choose from {', '.join(GROUPS)}"
            )
    return names


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="What the kit costs, as ratios against a peer."
    )
    parser.add_argument("--data", choices=DATASETS, default="cifar10")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, help="of torch, on both sides (all cores)")
    parser.add_argument(
        "--only",
        type=_groups,
        default=list(GROUPS),
        metavar="NAME,NAME",
        help=f"of {', '.join(GROUPS)} (all)",
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
