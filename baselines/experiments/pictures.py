"""Pictures of the experiments as SVG files, on a white background.

Table 1 has the curves of its trainings. The frontier has the size of each model against its
accuracy, with the floor and the student's point, and summed against measured divergences. The
comparison has the drop of each method by bit widths.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, NullFormatter

from baselines.bit_widths.search_methods import FINE_TUNED
from baselines.experiments.console import points_by_method
from baselines.experiments.frontier import FLOOR
from baselines.experiments.results import (
    AdditivityRecord,
    ComparisonRow,
    FrontierPoint,
    Table1Row,
)
from quantlab.atomic_files import write_atomically
from quantlab.notebook.palette import BLUE, FAINT, GREEN, INK, ORANGE, PURPLE, VERMILION
from quantlab.paths import CELLS

CURVE_STYLES: Sequence[dict[str, Any]] = (
    {"color": BLUE, "linestyle": "-"},
    {"color": GREEN, "linestyle": "--"},
    {"color": ORANGE, "linestyle": "-."},
    {"color": PURPLE, "linestyle": ":"},
    {"color": VERMILION, "linestyle": "-", "marker": "."},
)
POINT_STYLES = (  # (color, marker); the last two are the most visible
    (FAINT, "s"),
    (ORANGE, "^"),
    (GREEN, "v"),
    (GREEN, "D"),
    (PURPLE, "P"),
    (PURPLE, "x"),
    (INK, "s"),
    (BLUE, "o"),
    (VERMILION, "o"),
)
SYSTEM_STYLES = tuple(
    (color, marker)
    for marker in ("o", "s", "^")
    for color in (BLUE, VERMILION, GREEN, PURPLE, ORANGE, INK)
)
CHANCE = 10.0  # percent


def draw_table1(rows: Sequence[Table1Row], path: Path) -> None:
    """Draw accuracy on the augmented training images by epoch, one line per training."""
    trained = [row for row in rows if row.history]
    if not trained:
        return
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    for row in trained:
        style = CURVE_STYLES[CELLS.index(row.cell) % len(CURVE_STYLES)]
        label = f"{row.cell} {row.method}" + (f", seed {row.seed}" if row.seed else "")
        epochs = [epoch["epoch"] for epoch in row.history]
        accuracies = [epoch["train_accuracy"] for epoch in row.history]
        axes.plot(epochs, accuracies, label=label, **style)
    axes.set(xlabel="epoch", ylabel="accuracy on augmented training images, %")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    _save(figure, path)


def draw_frontier(
    points: Sequence[FrontierPoint],
    additivity: AdditivityRecord | None,
    student: tuple[float, float] | None,
    path: Path,
) -> None:
    """Draw size against accuracy; `student` is a point of (KiB, percent)."""
    picture = Figure(figsize=(10, 4.6), layout="constrained", facecolor="white")
    left, right = picture.subplots(1, 2, width_ratios=[2.2, 1])
    _draw_points(left, points, student)
    _draw_additivity(right, additivity)
    for axis in (left, right):
        axis.set_facecolor("white")
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(color="#dddddd", linewidth=0.5)
        axis.set_axisbelow(True)
    _save(picture, path)


def draw_comparison(rows: Sequence[ComparisonRow], cells: Sequence[str], path: Path) -> None:
    """Draw points below the float network by bit widths, a line per method, in powers."""
    picture = Figure(figsize=(8, 4.6), layout="constrained", facecolor="white")
    axis = picture.subplots()
    for number, name in enumerate(dict.fromkeys(row.method for row in rows)):
        color, marker = SYSTEM_STYLES[number % len(SYSTEM_STYLES)]
        points = [(cells.index(row.cell), -row.drop) for row in rows if row.method == name]
        places, drops = zip(*sorted(points), strict=True)
        axis.plot(places, drops, color=color, marker=marker, linewidth=1, label=name)
    axis.axhline(0, color=INK, linestyle="--", linewidth=1)
    axis.set_yscale("symlog", linthresh=1)
    axis.set_xticks(range(len(cells)), list(cells))
    axis.set(ylabel="points against the float network", facecolor="white")
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    _save(picture, path)


def _draw_points(
    axis: Axes, points: Sequence[FrontierPoint], student: tuple[float, float] | None
) -> None:
    last = len(POINT_STYLES) - 1
    for number, (method, own) in enumerate(points_by_method(points).items()):
        color, marker = POINT_STYLES[last if method == FINE_TUNED else number % last]
        sizes = [point.kibibytes for point in own]
        accuracies = [point.accuracy for point in own]
        axis.plot(
            sizes, accuracies, marker=marker, color=color, markersize=4, linewidth=1, label=method
        )
    if student:
        axis.plot(*student, "*", color=VERMILION, markersize=16, label="the student's model")
    axis.axhline(FLOOR, color=INK, linestyle="--", linewidth=1, label=f"floor, {FLOOR:g} %")
    axis.set_xscale("log", base=2)
    axis.xaxis.set_major_formatter(FormatStrFormatter("%g"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    images = f"{points[0].images:,} {points[0].split} images" if points else "images"
    axis.set(xlabel="weights and scales, KiB", ylabel=f"accuracy on {images}, %")
    axis.set_ylim(bottom=CHANCE - 2, top=100)
    axis.legend(fontsize=7, loc="lower right")


def _draw_additivity(axis: Axes, additivity: AdditivityRecord | None) -> None:
    axis.set(xlabel="sum of the layers' divergences, nats", ylabel="measured, nats")
    axis.set_title("Do layers add up?", fontsize=10)
    if additivity is None or not additivity.points:
        axis.text(0.5, 0.5, "not measured", ha="center", transform=axis.transAxes, color=FAINT)
        return
    summed, measured = zip(*additivity.points, strict=True)
    ends = [min(*summed, *measured), max(*summed, *measured)]
    axis.loglog(ends, ends, color=FAINT, linewidth=1, label="if they did")
    axis.loglog(summed, measured, "o", color=BLUE, markersize=4, label="within each budget")
    axis.legend(fontsize=7)


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, lambda stream: figure.savefig(stream, format="svg"))
