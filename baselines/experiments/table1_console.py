"""Table 1 for people: in a terminal, and the curves of its trainings as a picture."""

from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from baselines.experiments.table1_results import PTQ, QAT, Row
from quantlab.atomic_files import write_atomically
from quantlab.notebook.plots import BLUE, GREEN, ORANGE, PURPLE, VERMILION
from quantlab.paths import CELLS

LINES: Sequence[dict[str, Any]] = (
    {"color": BLUE, "linestyle": "-"},
    {"color": GREEN, "linestyle": "--"},
    {"color": ORANGE, "linestyle": "-."},
    {"color": PURPLE, "linestyle": ":"},
    {"color": VERMILION, "linestyle": "-", "marker": "."},
)


def print_table(rows: Sequence[Row], console: Console) -> None:
    """One line per kind and method, one column per cell; several seeds as mean ± deviation."""
    if not rows:
        return
    first = rows[0]
    console.print(
        f"float network: {first.float_accuracy:.2f} % on the {first.images} "
        f"{first.split} images of {first.dataset}"
    )
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    table.add_column("method")
    cells = [cell for cell in CELLS if any(row.cell == cell for row in rows)]
    for cell in cells:
        table.add_column(cell, justify="right")
    for kind in (PTQ, QAT):
        for method in dict.fromkeys(row.method for row in rows if row.kind == kind):
            of_method = [row for row in rows if (row.kind, row.method) == (kind, method)]
            texts = (_text([row.accuracy for row in of_method if row.cell == c]) for c in cells)
            table.add_row(kind.upper(), method, *texts)
    console.print(table)


def _text(accuracies: Sequence[float]) -> str:
    if not accuracies:
        return ""
    if len(accuracies) == 1:
        return f"{accuracies[0]:.2f}"
    return f"{mean(accuracies):.2f} ± {stdev(accuracies):.2f}"


def draw_curves(rows: Sequence[Row], path: Path) -> None:
    """Accuracy on the augmented training images by epoch, one line per training, as an SVG file."""
    trained = [row for row in rows if row.history]
    if not trained:
        return
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    for row in trained:
        style = LINES[CELLS.index(row.cell) % len(LINES)]
        label = f"{row.cell} {row.method}" + (f", seed {row.seed}" if row.seed else "")
        epochs = [epoch["epoch"] for epoch in row.history]
        accuracies = [epoch["train_accuracy"] for epoch in row.history]
        axes.plot(epochs, accuracies, label=label, **style)
    axes.set(xlabel="epoch", ylabel="accuracy on augmented training images, %")
    axes.legend(frameon=False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, lambda stream: figure.savefig(stream, format="svg"))
