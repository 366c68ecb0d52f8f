"""The notebook's figures of results that are computed elsewhere.

Colors are those of Okabe and Ito (2008), which are distinct for every color vision; series also
differ in shape or place. A figure has a white background in light and dark themes and in a printed
report.
"""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter
from torch import Tensor, nn

from quantlab.network.layers import QuantConv2d, QuantLinear

BLUE, ORANGE, GREEN, VERMILION, PURPLE = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7"
INK, FAINT = "#222222", "#999999"
MARKERS = (("o", VERMILION), ("s", GREEN), ("D", PURPLE), ("^", ORANGE))
BINS = 80

Array = Tensor | np.ndarray | Sequence[float]


class Picture(Figure):
    """A figure that a notebook shows by itself, once, without pyplot and its global state."""

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=110)
        return stream.getvalue()


def staircase(x: Array, recovered: Array, title: str) -> Picture:
    """Draw `recovered` (N,) and its error over sorted `x` (N,)."""
    x, recovered = _numbers(x), _numbers(recovered)
    picture, (above, below) = _sheet(2, 1, (6.4, 4.6), sharex=True, height_ratios=[3, 1.3])
    above.plot(x, x, color=FAINT, linewidth=1, label="$x$ itself")
    above.plot(x, recovered, color=BLUE, label=r"$\hat{x}$, quantized and recovered")
    above.set(ylabel=r"$\hat{x}$", title=title)
    above.legend()
    below.axhline(0, color=FAINT, linewidth=1)
    below.plot(x, recovered - x, color=VERMILION)
    below.set(xlabel="$x$", ylabel=r"$\hat{x} - x$")
    return picture


def histograms(panels: Mapping[str, tuple[Array, Array]], columns: int = 3) -> Picture:
    """Draw real against quantized numbers: {title: (values (N,), recovered (N,))}, a panel each.

    Each level of the recovered values is as high as its share of values divided by the width of a
    step: both distributions have the same area.
    """
    rows = -(-len(panels) // columns)
    picture, axes = _sheet(rows, columns, (3.6 * columns, 2.6 * rows))
    for axis, (title, (values, recovered)) in zip(np.ravel(axes), panels.items(), strict=False):
        _real_and_levels(axis, _numbers(values), _numbers(recovered), "real", "quantized")
        axis.set_title(title, fontsize=10)
    for axis in np.ravel(axes)[len(panels) :]:
        axis.set_visible(False)
    np.ravel(axes)[0].legend(fontsize=8)
    return picture


def error_curves(
    curves: Mapping[str, tuple[Array, Array, Mapping[str, tuple[float, float]]]],
) -> Picture:
    """Draw error against scale: {title: (scales (N,), errors (N,), {method: (scale, error)})}.

    Both axes are logarithmic; every method's choice is a marker on its curve.
    """
    rows = -(-len(curves) // 2)
    picture, axes = _sheet(rows, min(2, len(curves)), (9, 3.1 * rows))
    for axis, (title, (scales, errors, chosen)) in zip(
        np.ravel(axes), curves.items(), strict=False
    ):
        axis.loglog(_numbers(scales), _numbers(errors), color=BLUE)
        for (marker, color), (method, point) in zip(MARKERS, chosen.items(), strict=False):
            axis.loglog(*point, marker, color=color, markersize=8, label=method)
        for ruler in (axis.xaxis, axis.yaxis):
            ruler.set_major_locator(LogLocator(subs=(1, 2, 5)))
            ruler.set_major_formatter(FormatStrFormatter("%g"))
            ruler.set_minor_formatter(NullFormatter())
        axis.set(title=title, xlabel="scale $s$", ylabel=r"mean of $(x - \hat{x})^2$")
    np.ravel(axes)[0].legend()
    return picture


def bias(panels: Mapping[str, tuple[Array, Array]]) -> Picture:
    """Draw the mean error over x: {title: (values (N,), recovered (N,))}, one panel each.

    The upper row shows how often each x occurs, the lower row the mean of (recovered - x).
    """
    picture, axes = _sheet(2, len(panels), (3 * len(panels), 4.2), height_ratios=[1, 2])
    axes = np.reshape(axes, (2, len(panels)))
    for column, (title, (values, recovered)) in enumerate(panels.items()):
        x, error = _numbers(values), _numbers(recovered) - _numbers(values)
        low, high = np.quantile(x, [0.0005, 0.9995])
        edges = np.linspace(low, high, BINS + 1)
        count, _ = np.histogram(x, edges)
        total, _ = np.histogram(x, edges, weights=error)
        middle = (edges[1:] + edges[:-1]) / 2
        axes[0, column].fill_between(middle, count, color=BLUE, step="mid", alpha=0.5)
        axes[0, column].set(title=title, yticks=[])
        axes[1, column].axhline(0, color=FAINT, linewidth=1)
        axes[1, column].plot(middle, total / np.maximum(count, 1), color=VERMILION)
        axes[1, column].axhline(
            error.mean(), color=INK, linestyle="--", label=f"mean of all: {error.mean():.2g}"
        )
        axes[1, column].set(xlabel="$x$")
        axes[1, column].legend(fontsize=8)
    axes[1, 0].set_ylabel(r"mean of $\hat{x} - x$")
    return picture


def gradient(x: Array, recovered: Array, through: Array) -> Picture:
    """Draw the straight-through estimator: the output and its gradient for every `x` (N,)."""
    x = _numbers(x)
    picture, (left, right) = _sheet(1, 2, (9, 3.2))
    left.plot(x, _numbers(recovered), color=BLUE)
    left.set(xlabel="$x$", title=r"forward: $\hat{x}$")
    slope = np.gradient(_numbers(recovered), x)
    right.plot(x, slope, color=FAINT, linewidth=1, label=r"slope of $\hat{x}$ as it is drawn")
    right.plot(x, _numbers(through), color=VERMILION, label="result of your backward")
    right.set(xlabel="$x$", title=r"backward: $\partial\hat{x}/\partial x$", ylim=(-0.5, 3))
    right.legend(fontsize=8)
    return picture


def agreement(accumulator: Array, recovered: Array) -> Picture:
    """Draw accumulators (N,) against the integers recovered from a fake-quantized output (N,)."""
    accumulator, recovered = _numbers(accumulator), _numbers(recovered)
    picture, (left, right) = _sheet(1, 2, (9, 3.4))
    ends = [min(accumulator.min(), recovered.min()), max(accumulator.max(), recovered.max())]
    left.plot(ends, ends, color=FAINT, linewidth=1)
    left.plot(accumulator, recovered, ".", color=BLUE, markersize=3, alpha=0.5)
    left.set(xlabel="accumulator of your integer layer", ylabel="from the fake-quantized layer")
    difference = recovered - accumulator
    values, counts = np.unique(difference, return_counts=True)
    right.bar(values, counts, color=BLUE)
    right.set_xlim(min(-3, values[0] - 1), max(3, values[-1] + 1))
    right.set(xlabel="difference", ylabel="outputs", title=f"{np.mean(difference == 0):.2%} equal")
    return picture


def plot_layers_histogram(
    model_a: nn.Module, model_b: nn.Module, names: tuple[str, str] = ("PTQ", "QAT")
) -> Picture:
    """Draw the quantized weights of two models from `quantize_model`, layer by layer.

    Bars show the share of a layer's weights at each level. Both models have the same layers.
    """
    layers = _quantized_layers(model_a)
    others = _quantized_layers(model_b)
    columns = 4
    rows = -(-len(layers) // columns)
    picture, axes = _sheet(rows, columns, (3 * columns, 1.9 * rows))
    for axis, (name, layer) in zip(np.ravel(axes), layers.items(), strict=False):
        for module, color, label in ((layer, BLUE, names[0]), (others[name], VERMILION, names[1])):
            levels, share, step = _levels(_numbers(module.fake_weight()))
            offset = step * (-0.2 if color == BLUE else 0.2)
            axis.bar(levels + offset, share, 0.4 * step, color=color, label=label)
        axis.set_title(name, fontsize=9)
        axis.tick_params(labelsize=7)
    for axis in np.ravel(axes)[len(layers) :]:
        axis.set_visible(False)
    np.ravel(axes)[0].legend(fontsize=8)
    return picture


def accuracy_bars(groups: Mapping[str, Mapping[str, float]], title: str) -> Picture:
    """Draw accuracies in percent: {row: {series: percent}}, a group of bars per row."""
    picture, axis = _sheet(1, 1, (8, 3.2))
    series = list(dict.fromkeys(name for row in groups.values() for name in row))
    width = 0.8 / max(1, len(series))
    for number, name in enumerate(series):
        at = [i + (number - (len(series) - 1) / 2) * width for i in range(len(groups))]
        heights = [row.get(name, 0.0) for row in groups.values()]
        bars = axis.bar(at, heights, width * 0.92, label=name, color=MARKERS[number % 4][1])
        axis.bar_label(bars, fmt="%.0f", fontsize=7, color=INK)
    axis.set_xticks(range(len(groups)), list(groups))
    axis.set(ylabel="accuracy, %", ylim=(0, 109), title=title)
    axis.legend(fontsize=8, ncols=len(series), loc="upper center", bbox_to_anchor=(0.5, -0.1))
    return picture


def sensitivity(lost: Mapping[int, Mapping[str, float]], full: float) -> Picture:
    """Draw the accuracy with one layer narrow, {bits: {layer: percent}}; `full` with none."""
    picture, axis = _sheet(1, 1, (9, 3.4))
    for (marker, color), (bits, layers) in zip(MARKERS, lost.items(), strict=False):
        axis.plot(list(layers), list(layers.values()), marker, color=color, label=f"{bits} bits")
    axis.axhline(full, color=FAINT, linewidth=1, label="all layers at 8 bits")
    axis.tick_params(axis="x", rotation=60, labelsize=8)
    axis.set(ylabel="accuracy, %", title="One layer narrow, all others at 8 bits")
    axis.legend(fontsize=8)
    return picture


def pareto(
    tried: Sequence[tuple[float, float]],
    yours: tuple[float, float] | None,
    floor: float,
    uniform: Mapping[int, tuple[float, float]],
) -> Picture:
    """Draw size in KiB against accuracy in percent, and the Pareto front.

    Args:
        tried: The (size, accuracy) of all models.
        yours: The chosen model.
        floor: The accuracy that the assignment requires.
        uniform: {bits: point}, the models of one width.
    """
    picture, axis = _sheet(1, 1, (7, 4.2))
    points = np.array([*tried, *uniform.values()], dtype=float).reshape(-1, 2)
    axis.plot(*points.T, ".", color=FAINT, label="tried")
    front = pareto_front(points)
    axis.step(*front.T, where="post", color=BLUE, label="nothing smaller is better")
    for bits, point in uniform.items():
        axis.annotate(
            f"{bits} bits", point, xytext=(4, -12), textcoords="offset points", fontsize=8
        )
    axis.plot(*np.array(list(uniform.values())).T, "s", color=GREEN, label="one width everywhere")
    if yours is not None:
        axis.plot(*yours, "*", color=VERMILION, markersize=16, label="your model")
    axis.axhline(floor, color=INK, linestyle="--", linewidth=1, label=f"floor, {floor:g} %")
    axis.set(xlabel="size of the weights, KiB", ylabel="accuracy, %")
    axis.legend(fontsize=8)
    return picture


def pareto_front(points: np.ndarray) -> np.ndarray:
    """Return the points (size, accuracy) without a smaller, equally accurate one, by size.

    `points` are (N, 2).
    """
    front: list[np.ndarray] = []
    for point in points[np.lexsort((-points[:, 1], points[:, 0]))]:
        if not front or point[1] > front[-1][1]:
            front.append(point)
    return np.array(front)


def _real_and_levels(
    axis: Axes, values: np.ndarray, recovered: np.ndarray, real: str, quantized: str
) -> None:
    low, high = np.quantile(values, [0.0005, 0.9995])
    bins = np.linspace(low, high, BINS).tolist()
    axis.hist(values, bins, density=True, color=BLUE, alpha=0.5, label=real)
    levels, share, step = _levels(recovered)
    axis.vlines(levels, 0, share / step, color=VERMILION, linewidth=2, label=quantized)
    axis.plot(levels, share / step, ".", color=VERMILION, markersize=3)
    axis.set(yticks=[], xlim=(min(low, levels[0]) - step, max(high, levels[-1]) + step))


def _levels(recovered: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the distinct values, the share of elements at each, and the least distance."""
    levels, counts = np.unique(recovered, return_counts=True)
    step = float(np.diff(levels).min()) if len(levels) > 1 else 1.0
    return levels, counts / len(recovered), step


def _quantized_layers(model: nn.Module) -> dict[str, QuantConv2d | QuantLinear]:
    return {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, (QuantConv2d, QuantLinear))
    }


def _numbers(values: Array) -> np.ndarray:
    """Return float64 (N,)."""
    if isinstance(values, Tensor):
        values = values.detach().cpu().numpy()
    return np.asarray(values, dtype=np.float64).ravel()


def _sheet(
    rows: int, columns: int, size: tuple[float, float], **options: Any
) -> tuple[Picture, Any]:
    """Return a white figure with axes, the same in every style of the notebook."""
    picture = Picture(figsize=size, layout="constrained", facecolor="white")
    ratios = {"height_ratios": options.pop("height_ratios", None)}
    axes = picture.subplots(rows, columns, gridspec_kw=ratios, **options)
    for axis in np.ravel(axes):
        axis.set_facecolor("white")
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(color="#dddddd", linewidth=0.5)
        axis.set_axisbelow(True)
    return picture, axes
