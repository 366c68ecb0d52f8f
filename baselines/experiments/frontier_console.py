"""The frontier for people: the smallest model of each method in a terminal, and one picture.

The picture has the size of each model against its accuracy, one line a method in the order of the
sizes, with the floor, the steps of the bonus as they are published, and the student's point if
there is one; beside it, what layers sum up to against what was measured. It brings its own white
paper. It can fail as matplotlib does, and with an `OSError` of the file.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.ticker import FormatStrFormatter, NullFormatter
from rich.console import Console
from rich.table import Table

from baselines.bit_widths.searches import FINE_TUNED
from baselines.experiments.frontier_points import FLOOR, MARGIN, chosen
from baselines.experiments.frontier_results import Additive, Point
from quantlab.atomic_files import write_atomically
from quantlab.notebook.plots import BLUE, FAINT, GREEN, INK, ORANGE, PURPLE, VERMILION, Picture

LINES = (  # a colour and a mark each; the last two are shown boldest
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
LEAST_SHOWN = 10.0  # percent: chance


def print_table(points: Sequence[Point], additivity: Additive | None, console: Console) -> None:
    """The choice among each method's points, and how far layers are from adding up."""
    if points:
        first = points[0]
        console.print(
            f"float network: {first.float_accuracy:.2f} % on the {first.images} {first.split} "
            f"images of {first.dataset}; smallest with more than {FLOOR + MARGIN:g} % of the "
            "training images held out:"
        )
        table = Table(box=None, pad_edge=False)
        for heading in ("method", "KiB", "held out, %", f"{first.split}, %"):
            table.add_column(heading, justify="left" if heading == "method" else "right")
        for method, of_method in by_method(points).items():
            found = chosen(of_method)
            table.add_row(method, *(_numbers(found) if found else ("none", "", "")))
        console.print(table)
    if additivity:
        console.print(
            f"additivity: the divergence of {len(additivity.points)} whole networks is "
            f"{additivity.ratio:.2f} times the sum of their layers' (geometric mean); rank "
            f"correlation {additivity.rank:.2f}"
        )


def _numbers(point: Point) -> tuple[str, str, str]:
    return (
        f"{point.kibibytes:.2f}",
        f"{point.validation_accuracy:.2f}",
        f"{point.accuracy:.2f}" + ("" if point.accuracy > FLOOR else " (below the floor)"),
    )


def by_method(points: Sequence[Point]) -> Mapping[str, Sequence[Point]]:
    """Those of each method, the largest first."""
    ordered = sorted(points, key=lambda point: -point.kibibytes)
    names = dict.fromkeys(point.method for point in points)
    return {name: [point for point in ordered if point.method == name] for name in names}


def draw(
    points: Sequence[Point],
    additivity: Additive | None,
    student: tuple[float, float] | None,
    path: Path,
) -> None:
    """Write the picture as SVG; `student` is a point of (KiB, percent)."""
    picture = Picture(figsize=(10, 4.6), layout="constrained", facecolor="white")
    left, right = picture.subplots(1, 2, width_ratios=[2.2, 1])
    _draw_points(left, points, student)
    _draw_additivity(right, additivity)
    for axis in (left, right):
        axis.set_facecolor("white")
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(color="#dddddd", linewidth=0.5)
        axis.set_axisbelow(True)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, lambda stream: picture.savefig(stream, format="svg"))


def _draw_points(axis: Axes, points: Sequence[Point], student: tuple[float, float] | None) -> None:
    for number, (method, of_method) in enumerate(by_method(points).items()):
        color, marker = LINES[-1] if method == FINE_TUNED else LINES[number % (len(LINES) - 1)]
        sizes = [point.kibibytes for point in of_method]
        accuracies = [point.accuracy for point in of_method]
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
    axis.set_ylim(bottom=LEAST_SHOWN - 2, top=100)
    axis.legend(fontsize=7, loc="lower right")


def _draw_additivity(axis: Axes, additivity: Additive | None) -> None:
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
