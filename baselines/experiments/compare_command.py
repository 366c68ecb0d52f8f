"""The command `compare`: methods by bit widths, with the conditions each meets, and a picture.

Rows are written to DIR/<data>/compare.json as they are measured and are not measured again; with
`--verify` all that `baselines.experiments.targets` asks for are, anew, and the exit status is 1
where one falls short. It can fail with a sentence, as `run` does, and where compare.json is of
another kind.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from baselines.experiments.compare_measurement import (
    Row,
    Setting,
    find_method,
    measure,
    record,
    setting,
    widths,
)
from baselines.experiments.compare_timing import measure_seconds
from baselines.experiments.run_command import PROBLEMS, float_model
from baselines.experiments.table1_results import BadResults
from baselines.experiments.targets import LITERATURE, SECONDS
from baselines.methods.registry import CONDITIONS, METHODS, check_bits
from quantlab.atomic_files import write_atomically, write_text_atomically
from quantlab.notebook.plots import BLUE, GREEN, INK, ORANGE, PURPLE, VERMILION, Picture

DEFAULT_CELLS = ("W8A8", "W7A7", "W6A6", "W4A4")
STYLES = tuple(
    (color, marker)
    for marker in ("o", "s", "^")
    for color in (BLUE, VERMILION, GREEN, PURPLE, ORANGE, INK)
)


def compare(options: argparse.Namespace) -> int:
    """Does what was asked for; the exit status."""
    try:
        chosen = setting(options.data, float_model(options), options.validate)
        if options.verify:
            return _verify(chosen, options.data == "cifar10")
        return _compare(options, chosen)
    except (BadResults, *PROBLEMS) as problem:
        print(problem, file=sys.stderr)
        return 2


def _compare(options: argparse.Namespace, chosen: Setting) -> int:
    names = _list(options.methods) or tuple(METHODS)
    cells = _list(options.bits) or DEFAULT_CELLS
    for name in names:
        find_method(name)
        for cell in cells:
            widths(cell)
    folder = options.out / options.data
    folder.mkdir(parents=True, exist_ok=True)
    rows = list(_rows(names, cells, chosen, folder / "compare.json"))
    print_table(rows, cells, Console())
    picture = draw(rows, cells)
    path = folder / "compare.svg"
    write_atomically(path, lambda stream: picture.savefig(stream, format="svg"))
    print(f"picture: {path}")
    return 0


def _rows(names: Sequence[str], cells: Sequence[str], chosen: Setting, path: Path) -> Iterator[Row]:
    """Those that are there already and those that are not; widths a method lacks are left out."""
    known = {row.key: row for row in _read(path)}
    for name in names:
        for cell in cells:
            try:
                check_bits(name, widths(cell))
            except ValueError:
                continue
            key = (name, cell, chosen.measured.name, chosen.split, chosen.start.name)
            if key not in known:
                known[key], _ = measure(name, cell, chosen)
                _write(path, list(known.values()))
                print(f"{name} {cell}: {known[key].accuracy:.2f} % ({-known[key].drop:+.2f})")
            yield known[key]


def _read(path: Path) -> list[Row]:
    if not path.is_file():
        return []
    try:
        return [Row(**row) for row in json.loads(path.read_text("utf-8"))["rows"]]
    except (ValueError, KeyError, TypeError):
        raise BadResults(
            f"{path} does not hold the rows of this comparison: move it away, or choose another "
            "folder with --out."
        ) from None


def _write(path: Path, rows: Sequence[Row]) -> None:
    write_text_atomically(path, json.dumps({"rows": [record(r) for r in rows]}, indent=1) + "\n")


def print_table(rows: Sequence[Row], cells: Sequence[str], console: Console) -> None:
    """The seed's table: conditions, what was seen, and accuracy with its drop for each width."""
    if not rows:
        return
    first = rows[0]
    console.print(
        f"float network: {first.float_accuracy:.2f} % on the {first.images} {first.split} images "
        f"of {first.dataset}"
    )
    table = Table(box=None, pad_edge=False)
    table.add_column("method")
    for name in CONDITIONS:
        table.add_column(name.replace(" ", "\n"), justify="center")
    table.add_column("data seen")
    for cell in cells:
        table.add_column(cell, justify="right")
    table.add_column("seconds", justify="right")
    for name in dict.fromkeys(row.method for row in rows):
        found = {row.cell: row for row in rows if row.method == name}
        numbers = [
            f"{found[cell].accuracy:.2f}\n({-found[cell].drop:+.2f})" if cell in found else ""
            for cell in cells
        ]
        method = METHODS[name]
        seconds = f"{min(row.seconds for row in found.values()):.2f}"
        table.add_row(name, *method.conditions.marks(), method.seen, *numbers, seconds)
    console.print(table)


def draw(rows: Sequence[Row], cells: Sequence[str]) -> Figure:
    """Points below the float network by bit widths, a line per method, on a scale by powers."""
    picture = Picture(figsize=(8, 4.6), layout="constrained", facecolor="white")
    axis = picture.subplots()
    for number, name in enumerate(dict.fromkeys(row.method for row in rows)):
        color, marker = STYLES[number % len(STYLES)]
        points = [(cells.index(row.cell), -row.drop) for row in rows if row.method == name]
        places, drops = zip(*sorted(points), strict=True)
        axis.plot(places, drops, color=color, marker=marker, linewidth=1, label=name)
    axis.axhline(0, color=INK, linestyle="--", linewidth=1)
    axis.set_yscale("symlog", linthresh=1)
    axis.set_xticks(range(len(cells)), list(cells))
    axis.set(ylabel="points against the float network", facecolor="white")
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return picture


def _verify(chosen: Setting, real: bool) -> int:
    """Each claim measured again; on other data than CIFAR-10 nothing is asked for."""
    table = Table("method", "bits", "measured", "must", "aim", "", box=None, pad_edge=False)
    holds = True
    for claim in LITERATURE:
        row, _ = measure(claim.method, claim.cell, chosen)
        must, aim = claim.bounds(row.float_accuracy)
        enough = not real or row.accuracy >= round(must, 2)
        holds = holds and enough
        bounds = (f"{must:.2f}", f"{aim:.2f}") if real else ("", "")
        verdict = "" if enough else "does not hold"
        table.add_row(claim.method, claim.cell, f"{row.accuracy:.2f} %", *bounds, verdict)
    for what, seconds in measure_seconds(chosen.start.network).items():
        limit, hope = SECONDS[what]
        enough = seconds <= limit
        holds = holds and enough
        verdict = "" if enough else "does not hold"
        table.add_row(what, "", f"{seconds:.2f} s", f"{limit:g}", f"{hope:g}", verdict)
    Console().print(table)
    return 0 if holds else 1


def _list(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",")) if text else ()
