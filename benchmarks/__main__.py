"""Measure the costs of the kit, as ratios against a peer in the same run.

    python -m benchmarks [--only kernels --only networks] [--runs 3] [--threads 2]

The table lists what was measured, against what, minimum, median and maximum of the runs, and which
bounds the median meets. Exit status 1 if a measurement misses what it must reach, 2 if it could not
start. Numbers are meaningful on an idle machine only. Further measurements are modules of their
own: `benchmarks.training_step`, `benchmarks.class_run`, `benchmarks.class_page`,
`benchmarks.slow_neighbor` and `benchmarks.linear_scaling`.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping

import rich.table
import torch
from rich.console import Console

from authoring.examples import MissingModels
from autograder.exit_status import USAGE
from autograder.grading.preparation import SetupError
from autograder.sandbox.self_test import IsolationUnavailable
from baselines.errors import MissingPackage
from benchmarks import grading_cost, kernels_in_process, model_evaluation, process_costs
from benchmarks.ratios import Measurement
from quantlab.data.cifar10 import DataNotFound, load_dataset
from quantlab.formats.saved_model import BadSavedModel
from quantlab.paths import DATASETS

Measure = Callable[[argparse.Namespace], Iterator[Measurement]]

GROUPS: Mapping[str, Measure] = {
    "kernels": lambda options: kernels_in_process.measure_kernels(options.runs, older=False),
    "portable": lambda options: kernels_in_process.measure_kernels(options.runs, older=True),
    "networks": lambda options: model_evaluation.measure_models(
        options.data, load_dataset(options.data, "test"), options.runs
    ),
    "grading": lambda options: grading_cost.measure_grading(
        options.data, load_dataset(options.data, "test"), options.runs
    ),
    "processes": lambda options: process_costs.measure_processes(options.data, options.runs),
}


def main() -> int:
    """Run the command and return its exit status."""
    options = _parser().parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        measurements = list(_measure(options))
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
        return USAGE
    _print(measurements)
    return 0 if all(each.holds for each in measurements) else 1


def _measure(options: argparse.Namespace) -> Iterator[Measurement]:
    for name in options.only or GROUPS:
        for each in GROUPS[name](options):
            print(f"{each.what}: {each.middle:.3g} {each.unit} {each.against}", file=sys.stderr)
            yield each


def _print(measurements: list[Measurement]) -> None:
    title = f"torch {torch.__version__}, {torch.get_num_threads()} threads"
    table = rich.table.Table(title=title, box=None, pad_edge=False)
    for column in ("what", "against", "min", "median", "max", "", "must", "aim", "reached"):
        table.add_column(column, justify="right" if column in ("min", "median", "max") else "left")
    for each in measurements:
        spread = (min(each.values), each.middle, max(each.values))
        bounds = ("" if bound is None else f"{bound:g}" for bound in (each.must, each.aim))
        numbers = (f"{value:.3g}" for value in spread)
        table.add_row(each.what, each.against, *numbers, each.unit, *bounds, each.verdict)
    Console(width=200).print(table)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure the costs of the kit, as ratios against a peer.",
    )
    parser.add_argument(
        "--data", choices=DATASETS, default="cifar10", help="Measure on this data set."
    )
    parser.add_argument("--runs", type=int, default=3, help="Repeat every comparison.")
    parser.add_argument(
        "--threads", type=int, help="Threads of torch, on both sides (default: all cores)."
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=GROUPS,
        help="Measure this group; may be repeated (default: all).",
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
