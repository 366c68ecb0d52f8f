"""The figures of whole networks: weights, accuracies, sensitivity, size. Questions 2c, 2d and 3.

They draw results that are computed elsewhere.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator
from torch import nn

from quantlab.network.quantized_layers import quantized_layers
from quantlab.notebook.captioned import CaptionedFigure
from quantlab.notebook.palette import BLUE, FAINT, GREEN, INK, VERMILION, series_style
from quantlab.notebook.sheets import levels_of, new_sheet, numbers, sentences

COLUMNS = 4  # layers in a row


def plot_layers_histogram(
    model_a: nn.Module, model_b: nn.Module, names: tuple[str, str] = ("PTQ", "QAT")
) -> CaptionedFigure:
    """Draw the codes of the weights of two models from `quantize_model`, layer by layer.

    Bars show the share of a layer's weights at each code, so that both models share the ruler
    although their scales differ. Both models have the same layers.
    """
    layers, others = quantized_layers(model_a), quantized_layers(model_b)
    rows = -(-len(layers) // COLUMNS)
    figure, axes = new_sheet(rows, COLUMNS, (3 * COLUMNS, 1.9 * rows))
    changes = {}
    for axis, (name, layer) in zip(np.ravel(axes), layers.items(), strict=False):
        at_most_frequent = []
        for number, module in enumerate((layer, others[name])):
            style = series_style(number)
            codes, share, _ = levels_of(numbers(module.weight_codes()))
            axis.bar(
                codes + (-0.2, 0.2)[number],
                share,
                0.4,
                color=style.color,
                hatch=style.hatch,
                edgecolor="white",
                linewidth=0,
                label=names[number],
            )
            at_most_frequent.append(share.max())
        changes[name] = at_most_frequent
        axis.set_title(name, fontsize=9)
        axis.tick_params(labelsize=7)
        axis.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        axis.set_xlabel("code", fontsize=8)
        axis.set_ylabel("share", fontsize=8)
    for axis in np.ravel(axes)[len(layers) :]:
        axis.set_visible(False)
    np.ravel(axes)[0].legend(fontsize=8)
    return CaptionedFigure(
        figure,
        f"The share of each layer's weights at each code, {names[0]} (plain) beside {names[1]} "
        "(hatched). Each network has its own scales. Compare how many weights use the codes at the "
        "ends.",
        f"Share of the weights at the most frequent code, {names[0]} and {names[1]}: "
        + ", ".join(f"{name} {a:.0%} and {b:.0%}" for name, (a, b) in changes.items())
        + ".",
    )


def accuracy_bars(groups: Mapping[str, Mapping[str, float]], title: str) -> CaptionedFigure:
    """Draw accuracies in percent: {row: {series: percent}}, a group of bars per row."""
    figure, axis = new_sheet(1, 1, (8, 3.2))
    series = list(dict.fromkeys(name for row in groups.values() for name in row))
    width = 0.8 / max(1, len(series))
    for number, name in enumerate(series):
        style = series_style(number)
        at = [i + (number - (len(series) - 1) / 2) * width for i in range(len(groups))]
        heights = [row.get(name, 0.0) for row in groups.values()]
        bars = axis.bar(
            at,
            heights,
            width * 0.92,
            label=name,
            color=style.color,
            hatch=style.hatch,
            edgecolor="white",
            linewidth=0,
        )
        axis.bar_label(bars, fmt="%.0f", fontsize=7, color=INK)
    axis.set_xticks(range(len(groups)), list(groups))
    axis.set(ylabel="accuracy, %", ylim=(0, 109), title=title)
    axis.legend(fontsize=8, ncols=len(series), loc="upper center", bbox_to_anchor=(0.5, -0.1))
    texts = [
        f"{row}: " + ", ".join(f"{name} {percent:.1f} %" for name, percent in cells.items())
        for row, cells in groups.items()
    ]
    return CaptionedFigure(figure, f"Accuracy. {title}.", sentences(texts))


def sensitivity(lost: Mapping[int, Mapping[str, float]], full: float) -> CaptionedFigure:
    """Draw the accuracy with one layer narrow, {bits: {layer: percent}}; `full` with none."""
    figure, axis = new_sheet(1, 1, (9, 3.4))
    texts = [f"With all layers at 8 bits the accuracy is {full:.1f} %"]
    for number, (bits, layers) in enumerate(lost.items()):
        style = series_style(number)
        axis.plot(
            list(layers), list(layers.values()), style.marker, color=style.color,
            label=f"{bits} bits",
        )  # fmt: skip
        worst, best = min(layers, key=layers.__getitem__), max(layers, key=layers.__getitem__)
        texts.append(
            f"One layer at {bits} bits: {worst} costs most ({layers[worst]:.1f} %), "
            f"{best} least ({layers[best]:.1f} %)"
        )
    axis.axhline(full, color=FAINT, linewidth=1, label="all layers at 8 bits")
    axis.tick_params(axis="x", rotation=60, labelsize=8)
    axis.set(ylabel="accuracy, %", title="One layer narrow, all others at 8 bits")
    axis.legend(fontsize=8)
    return CaptionedFigure(
        figure,
        "Each point is the network with this one layer narrow. The lower the point, the more bits "
        "this layer needs.",
        sentences(texts),
    )


def pareto(
    tried: Sequence[tuple[float, float]],
    yours: tuple[float, float] | None,
    floor: float,
    uniform: Mapping[int, tuple[float, float]],
    search_floor: float | None = None,
) -> CaptionedFigure:
    """Draw size in KiB against accuracy in percent, and the Pareto front.

    Args:
        tried: The (size, accuracy) of all models.
        yours: The chosen model.
        floor: The accuracy that the assignment requires.
        uniform: {bits: point}, the models of one width.
        search_floor: The accuracy that the search required; None if there was no search.
    """
    figure, axis = new_sheet(1, 1, (7, 4.2))
    points = np.array([*tried, *uniform.values()], dtype=float).reshape(-1, 2)
    axis.plot(*points.T, ".", color=FAINT, label="tried")
    front = pareto_front(points)
    axis.step(*front.T, where="post", color=BLUE, label="nothing smaller is better")
    for bits, point in uniform.items():
        axis.annotate(
            f"{bits} bits", point, xytext=(4, -12), textcoords="offset points", fontsize=8
        )
    axis.plot(*np.array(list(uniform.values())).T, "s", color=GREEN, label="one width everywhere")
    texts = [
        "One width everywhere: "
        + ", ".join(
            f"{bits} bits are {size:.1f} KiB and {percent:.1f} %"
            for bits, (size, percent) in uniform.items()
        )
    ]
    if yours is not None:
        axis.plot(*yours, "*", color=VERMILION, markersize=16, label="your model")
        texts.append(f"Your model is {yours[0]:.1f} KiB and {yours[1]:.1f} %")
    floors = {"assignment": floor}
    if search_floor is not None:
        floors["search"] = search_floor
    for (name, height), dash in zip(floors.items(), ("--", ":"), strict=False):
        label = f"floor of the {name}, {height:.4g} %"
        axis.axhline(height, color=INK, linestyle=dash, linewidth=1, label=label)
        texts.append(f"The floor of the {name} is {height:.4g} %")
    axis.set(xlabel="size of the weights, KiB", ylabel="accuracy, %")
    axis.legend(fontsize=8)
    return CaptionedFigure(
        figure,
        "Every model that was tried. Models to the lower right of the blue line are both larger "
        "and no better than one on it.",
        sentences(texts),
    )


def pareto_front(points: np.ndarray) -> np.ndarray:
    """Return the points (size, accuracy) without a smaller, equally accurate one, by size.

    `points` are (N, 2).
    """
    front: list[np.ndarray] = []
    for point in points[np.lexsort((-points[:, 1], points[:, 0]))]:
        if not front or point[1] > front[-1][1]:
            front.append(point)
    return np.array(front)
