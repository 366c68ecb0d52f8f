"""The command `table1`: what was asked for, done and shown."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import rich.table
from rich.console import Console

from baselines.experiments.table1 import Options, Table
from baselines.experiments.table1_console import draw_curves, print_table
from baselines.experiments.table1_results import BadResults
from baselines.experiments.table1_verify import keep, verify
from baselines.methods import ptq, qat
from quantlab.data.cifar10 import DataNotFound
from quantlab.errors import RecipeMismatch
from quantlab.formats.saved_model import BadSavedModel
from quantlab.network.calibration import CalibrationError
from quantlab.paths import CELLS, KIT

DEFAULT_PTQ = (
    *("sym", "SAWB", "heuristic", "heuristic + batch normalization"),
    *("AdaRound", "BRECQ", "AdaQuant"),
)
DEFAULT_QAT = ("LSQ",)


def table1(options: argparse.Namespace) -> int:
    """Make the table or verify it; the exit status. Everything that goes wrong is a sentence."""
    try:
        return _verify(options.data) if options.verify else _make(options)
    except (
        BadSavedModel,
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
    known = tuple(dict.fromkeys((*ptq.METHODS, *tuple(qat.METHODS))))
    methods = _chosen(options.method, known, "--method") if options.method else None
    table = Table(
        Options(
            data=options.data,
            start=options.start or KIT / "checkpoints" / f"resnet20_{options.data}.pt",
            out=options.out,
            cells=_chosen(options.cells, CELLS, "--cells"),
            ptq_methods=_common(methods or DEFAULT_PTQ, tuple(ptq.METHODS))
            if options.only != "qat"
            else (),
            qat_methods=_common(methods or DEFAULT_QAT, tuple(qat.METHODS))
            if options.only != "ptq"
            else (),
            epochs=options.epochs,
            learning_rate=options.learning_rate,
            seeds=tuple(range(options.seeds)),
            validate=options.validate,
            compile=not options.no_compile,
            command=shlex.join(["python", "-m", "baselines", *options.arguments]),
        )
    )
    rows = table.make()
    print_table(rows, Console())
    draw_curves(rows, table.results.folder / "curves.svg")
    if options.keep:
        for path in keep(rows, table.results):
            print(f"kept: {path}")
    return 0


def _verify(data: str) -> int:
    table = rich.table.Table(
        rich.table.Column("model", overflow="fold"),
        "recorded",
        "measured",
        "must",
        "aim",
        "",
        box=None,
        pad_edge=False,
    )
    holds = True
    for model in verify(data):
        holds = holds and model.holds
        bounds = ["" if bound is None else f"{bound:.2f}" for bound in (model.must, model.aim)]
        table.add_row(
            _short(model.path),
            f"{model.recorded:.2f}",
            f"{model.accuracy:.2f}",
            *bounds,
            "" if model.holds else "does not hold",
        )
    Console().print(table)
    return 0 if holds else 1


def _short(path: Path) -> str:
    """A committed model in few letters: trained W4A4, AdaQuant W4A4."""
    cell = path.stem.removeprefix("ResNet20_")
    if cell == path.stem:
        return path.name
    by_training = path.is_relative_to(KIT / "instructor")
    return f"{'trained' if by_training else path.parent.name} {cell}"


def _common(wanted: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in known if name in wanted)


def _chosen(wanted: str | None, known: Sequence[str], option: str) -> tuple[str, ...]:
    """A list with commas, in the order of `known`. Raises `ValueError` for other names."""
    if wanted is None:
        return tuple(known)
    names = [name.strip() for name in wanted.split(",")]
    for name in names:
        if name not in known:
            raise ValueError(f"{option} knows no {name!r}: choose from {', '.join(known)}.")
    return tuple(name for name in known if name in names)
