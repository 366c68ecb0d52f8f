"""The command `frontier`: what was asked for, done and shown."""

import argparse
import shlex
import sys
from collections.abc import Sequence

import rich.table
from rich.console import Console

from baselines.bit_widths.searches import METHODS
from baselines.bit_widths.student_search import student_point
from baselines.experiments.frontier_console import draw, print_table
from baselines.experiments.frontier_points import Frontier, Options
from baselines.experiments.frontier_verify import keep, verify
from baselines.experiments.table1_results import BadResults
from quantlab.data.cifar10 import DataNotFound
from quantlab.errors import RecipeMismatch
from quantlab.formats.packed_model import BadPackedModel
from quantlab.formats.saved_model import BadSavedModel
from quantlab.network.calibration import CalibrationError
from quantlab.paths import KIT


def frontier(options: argparse.Namespace) -> int:
    """Make the frontier or verify it; the exit status. Everything that goes wrong is a sentence."""
    try:
        return _verify(options.data) if options.verify else _make(options)
    except (
        BadSavedModel,
        BadPackedModel,
        BadResults,
        CalibrationError,
        DataNotFound,
        RecipeMismatch,
        ValueError,
        OSError,
    ) as problem:
        print(problem, file=sys.stderr)
        return 2


def _make(options: argparse.Namespace) -> int:
    made = Frontier(
        Options(
            data=options.data,
            start=options.start or KIT / "checkpoints" / f"resnet20_{options.data}.pt",
            out=options.out,
            methods=_chosen(options.methods),
            fine_tune=tuple(options.finetune),
            epochs=options.epochs,
            seed=options.seed,
            validate=options.validate,
            compile=not options.no_compile,
            command=shlex.join(["python", "-m", "baselines", *options.arguments]),
        )
    )
    student = None
    if options.student:
        student = student_point(options.student, made.start.network, made.measured)
    points = made.make()
    additivity = made.additivity() if points else None
    console = Console()
    print_table(points, additivity, console)
    if student:
        console.print(f"the student's model: {student[0]:.2f} KiB, {student[1]:.2f} %")
    picture = made.results.folder / "frontier.svg"
    draw(points, additivity, student, picture)
    console.print(f"picture: {picture}")
    if options.keep:
        for path in keep(points, made.results):
            print(f"kept: {path}")
    return 0


def _verify(data: str) -> int:
    table = rich.table.Table(box=None, pad_edge=False)
    for heading in ("model", "KiB", "must", "aim", "recorded, %", "measured, %", "file, B", ""):
        table.add_column(heading)
    holds, found = True, list(verify(data))
    for model in found:
        holds = holds and model.holds
        bounds = ["" if bound is None else f"{bound:.2f}" for bound in (model.must, model.aim)]
        table.add_row(
            model.path.name,
            f"{model.kibibytes:.2f}",
            *bounds,
            f"{model.recorded:.2f}",
            f"{model.accuracy:.2f}",
            str(model.size.file),
            "" if model.holds else "does not hold",
        )
    if not found:
        print(f"No models of the frontier are committed for {data}: make them with --keep.")
        return 1
    Console().print(table)
    return 0 if holds else 1


def _chosen(wanted: Sequence[str] | None) -> tuple[str, ...]:
    """Names, in the order of `METHODS`. Raises `ValueError` for others."""
    if wanted is None:
        return tuple(METHODS)
    for name in wanted:
        if name not in METHODS:
            raise ValueError(
                f"--methods knows no {name!r}: choose from {'; '.join(METHODS)}, in quotes where "
                "a name has spaces."
            )
    return tuple(name for name in METHODS if name in wanted)
