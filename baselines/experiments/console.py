"""Tables of the experiments for the terminal."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev

from rich.console import Console
from rich.table import Column, Table

from baselines.experiments.frontier import FLOOR, MARGIN, choose_smallest
from baselines.experiments.results import (
    PTQ,
    QAT,
    AdditivityRecord,
    ComparisonRow,
    FrontierPoint,
    Table1Row,
)
from baselines.experiments.verify import VerifiedModel, VerifiedSystem, VerifiedWinner
from baselines.methods.literature import CONDITIONS, SYSTEMS
from quantlab.paths import CELLS, KIT


def print_table1(rows: Sequence[Table1Row], console: Console) -> None:
    """Print a line per kind and method, a column per cell; several seeds as mean ± deviation."""
    if not rows:
        return
    console.print(_float_line(rows[0]))
    cells = [cell for cell in CELLS if any(row.cell == cell for row in rows)]
    table = _table("", "method", right=cells)
    for kind in (PTQ, QAT):
        for method in dict.fromkeys(row.method for row in rows if row.kind == kind):
            own = [row for row in rows if (row.kind, row.method) == (kind, method)]
            texts = (_spread([row.accuracy for row in own if row.cell == c]) for c in cells)
            table.add_row(kind.upper(), method, *texts)
    console.print(table)


def print_frontier(
    points: Sequence[FrontierPoint], additivity: AdditivityRecord | None, console: Console
) -> None:
    """Print the chosen point of each method, and how far layers are from adding up."""
    if points:
        console.print(
            f"{_float_line(points[0])}; smallest with more than {FLOOR + MARGIN:g} % of the "
            "training images held out:"
        )
        table = _table("method", right=("KiB", "held out, %", f"{points[0].split}, %"))
        for method, own in points_by_method(points).items():
            smallest = choose_smallest(own)
            table.add_row(method, *(_point_cells(smallest) if smallest else ("none", "", "")))
        console.print(table)
    if additivity:
        console.print(
            f"additivity: the divergence of {len(additivity.points)} whole networks is "
            f"{additivity.ratio:.2f} times the sum of their layers' (geometric mean); rank "
            f"correlation {additivity.rank:.2f}"
        )


def print_comparison(rows: Sequence[ComparisonRow], cells: Sequence[str], console: Console) -> None:
    """Print a line per method: conditions, data used, and accuracy with its drop per width."""
    if not rows:
        return
    console.print(_float_line(rows[0]))
    table = _table("method")
    for name in CONDITIONS:
        table.add_column(name.replace(" ", "\n"), justify="center")
    table.add_column("data seen")
    for heading in (*cells, "seconds"):
        table.add_column(heading, justify="right")
    for name in dict.fromkeys(row.method for row in rows):
        own = {row.cell: row for row in rows if row.method == name}
        numbers = [
            f"{own[cell].accuracy:.2f}\n({-own[cell].drop:+.2f})" if cell in own else ""
            for cell in cells
        ]
        system = SYSTEMS[name]
        seconds = f"{min(row.seconds for row in own.values()):.2f}"
        table.add_row(name, *system.conditions.symbols(), system.seen, *numbers, seconds)
    console.print(table)


def print_verified_table1(models: Iterable[VerifiedModel], console: Console) -> bool:
    """Print records, measurements and targets; return whether all hold."""
    table = _table(Column("model", overflow="fold"), "recorded", "measured", "must", "aim", "")
    holds = True
    for model in models:
        holds = holds and model.holds
        table.add_row(
            _short_name(model.path),
            f"{model.recorded:.2f}",
            f"{model.accuracy:.2f}",
            *_bounds(model.must, model.aim),
            _verdict(model.holds),
        )
    console.print(table)
    return holds


def print_verified_frontier(winners: Iterable[VerifiedWinner], console: Console) -> bool:
    """Print records, measurements and targets; return whether all hold."""
    headings = ("model", "KiB", "must", "aim", "recorded, %", "measured, %", "file, B", "")
    table, holds = _table(*headings), True
    for winner in winners:
        holds = holds and winner.holds
        table.add_row(
            winner.path.name,
            f"{winner.kibibytes:.2f}",
            *_bounds(winner.must, winner.aim),
            f"{winner.recorded:.2f}",
            f"{winner.accuracy:.2f}",
            str(winner.size.file),
            _verdict(winner.holds),
        )
    console.print(table)
    return holds


def print_verified_literature(systems: Iterable[VerifiedSystem], console: Console) -> bool:
    """Print measurements and targets; return whether all hold."""
    table, holds = _table("method", "bits", "measured", "must", "aim", ""), True
    for system in systems:
        holds = holds and system.holds
        if system.bits:
            bounds = _bounds(system.must, system.aim)
        else:
            bounds = [f"{system.must:g}", f"{system.aim:g}"]
        measured = f"{system.measured:.2f} {'%' if system.bits else 's'}"
        table.add_row(system.name, system.bits, measured, *bounds, _verdict(system.holds))
    console.print(table)
    return holds


def points_by_method(points: Sequence[FrontierPoint]) -> Mapping[str, Sequence[FrontierPoint]]:
    """Return {method: its points, the largest first}."""
    ordered = sorted(points, key=lambda point: -point.kibibytes)
    names = dict.fromkeys(point.method for point in points)
    return {name: [point for point in ordered if point.method == name] for name in names}


def _table(*left: str | Column, right: Iterable[str] = ()) -> Table:
    table = Table(*left, box=None, pad_edge=False)
    for heading in right:
        table.add_column(heading, justify="right")
    return table


def _float_line(row: Table1Row | FrontierPoint | ComparisonRow) -> str:
    return (
        f"float network: {row.float_accuracy:.2f} % on the {row.images} {row.split} images of "
        f"{row.dataset}"
    )


def _spread(accuracies: Sequence[float]) -> str:
    if not accuracies:
        return ""
    if len(accuracies) == 1:
        return f"{accuracies[0]:.2f}"
    return f"{mean(accuracies):.2f} ± {stdev(accuracies):.2f}"


def _point_cells(point: FrontierPoint) -> tuple[str, str, str]:
    return (
        f"{point.kibibytes:.2f}",
        f"{point.validation_accuracy:.2f}",
        f"{point.accuracy:.2f}" + ("" if point.accuracy > FLOOR else " (below the floor)"),
    )


def _bounds(must: float | None, aim: float | None) -> list[str]:
    return ["" if bound is None else f"{bound:.2f}" for bound in (must, aim)]


def _verdict(holds: bool) -> str:
    return "" if holds else "does not hold"


def _short_name(path: Path) -> str:
    """Return a short name of a committed model: "trained W4A4", "AdaQuant W4A4"."""
    cell = path.stem.removeprefix("ResNet20_")
    if cell == path.stem:
        return path.name
    trained = path.is_relative_to(KIT / "instructor")
    return f"{'trained' if trained else path.parent.name} {cell}"
