"""The figures of numbers and gradients: questions 1, 2a and 2b.

They draw results that are computed elsewhere. Figures of whole networks are in
`quantlab.notebook.network_plots`.
"""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from quantlab.notebook.captioned import CaptionedFigure
from quantlab.notebook.palette import BLUE, FAINT, VERMILION, series_style
from quantlab.notebook.sheets import (
    Array,
    levels_of,
    new_sheet,
    numbers,
    plain_log_rulers,
    sentences,
)

BINS = 80
AT_VALLEY = 0.02  # relative distance of a scale from the best one that is not worth a word
METHOD_SERIES = 1  # the curve itself is series 0


def staircase(x: Array, recovered: Array, title: str) -> CaptionedFigure:
    """Draw `recovered` (N,) and its error over sorted `x` (N,)."""
    x, recovered = numbers(x), numbers(recovered)
    error = recovered - x
    figure, (above, below) = new_sheet(2, 1, (6.4, 4.6), sharex=True, height_ratios=[3, 1.3])
    above.plot(x, x, color=FAINT, linewidth=1, linestyle="--", label="$x$ itself")
    above.plot(x, recovered, color=BLUE, label=r"$\hat{x}$, quantized and recovered")
    above.set(ylabel=r"$\hat{x}$", title=title)
    above.legend()
    below.axhline(0, color=FAINT, linewidth=1)
    below.plot(x, error, color=VERMILION)
    below.set(xlabel="$x$", ylabel=r"$\hat{x} - x$")
    levels, _, step = levels_of(recovered)
    inside = (x >= levels[0] - step / 2) & (x <= levels[-1] + step / 2)
    return CaptionedFigure(
        figure,
        "Every flat part of the staircase is one code. The lower curve is the error: it stays "
        "small where the steps are, and grows beyond both ends of the range.",
        f"{title}: a staircase of {len(levels)} levels from {levels[0]:.3g} to {levels[-1]:.3g}. "
        f"The error is at most {np.abs(error[inside]).max(initial=0):.3g} near the levels and "
        f"{np.abs(error).max():.3g} beyond them.",
    )


def histograms(panels: Mapping[str, tuple[Array, Array]], columns: int = 3) -> CaptionedFigure:
    """Draw real against quantized numbers: {title: (values (N,), recovered (N,))}, a panel each.

    Each level of the recovered values is as high as its share of values divided by the width of a
    step: both distributions have the same area.
    """
    rows = -(-len(panels) // columns)
    figure, axes = new_sheet(rows, columns, (3.6 * columns, 2.6 * rows))
    texts = []
    for axis, (title, (values, recovered)) in zip(np.ravel(axes), panels.items(), strict=False):
        levels, share = _draw_real_and_levels(axis, numbers(values), numbers(recovered))
        axis.set_title(title, fontsize=10)
        texts.append(
            f"{title}: {len(levels)} levels from {levels[0]:.3g} to {levels[-1]:.3g}, "
            f"{share.max():.0%} of the values at the most frequent one"
        )
    for axis in np.ravel(axes)[len(panels) :]:
        axis.set_visible(False)
    np.ravel(axes)[0].legend(fontsize=8)
    return CaptionedFigure(
        figure,
        "The real numbers (area) and the levels that they become (lines), with equal areas. Few "
        "lines inside the area mean wide steps; a tall line at an end means clipping.",
        sentences(texts),
    )


def error_curves(
    curves: Mapping[str, tuple[Array, Array, Mapping[str, tuple[float, float]]]],
) -> CaptionedFigure:
    """Draw error against scale: {title: (scales (N,), errors (N,), {method: (scale, error)})}.

    Both axes are logarithmic; every method's choice is a marker on its curve.
    """
    rows = -(-len(curves) // 2)
    figure, axes = new_sheet(rows, min(2, len(curves)), (9, 3.1 * rows))
    texts = []
    for axis, (title, (scales, errors, chosen)) in zip(
        np.ravel(axes), curves.items(), strict=False
    ):
        s, e = numbers(scales), numbers(errors)
        axis.loglog(s, e, color=BLUE)
        for number, (method, point) in enumerate(chosen.items()):
            style = series_style(METHOD_SERIES + number)
            axis.loglog(*point, style.marker, color=style.color, markersize=8, label=method)
        plain_log_rulers(axis)
        axis.set(title=title, xlabel="scale $s$", ylabel=r"mean of $(x - \hat{x})^2$")
        least = min(e.min(), *(error for _, error in chosen.values()))
        places = [
            f"{method} {_describe_place(scale / s[e.argmin()] - 1)}, "
            f"with {error / least:.2f} times the least error"
            for method, (scale, error) in chosen.items()
        ]
        texts.append(f"{title}: the valley is at s = {s[e.argmin()]:.3g}; {'; '.join(places)}")
    np.ravel(axes)[0].legend()
    return CaptionedFigure(
        figure,
        "Left of the valley clipping makes the error, right of it rounding. Each marker is the "
        "scale that one method chose.",
        sentences(texts),
    )


def _describe_place(offset: float) -> str:
    """Return where a scale is whose relative distance from that of least error is `offset`."""
    if abs(offset) <= AT_VALLEY:
        return "is in the valley"
    return f"is {'right' if offset > 0 else 'left'} of the valley by {abs(offset):.0%}"


def gradient(x: Array, recovered: Array, through: Array) -> CaptionedFigure:
    """Draw the straight-through estimator: the output and its gradient for every `x` (N,)."""
    x, through = numbers(x), numbers(through)
    figure, (left, right) = new_sheet(1, 2, (9, 3.2))
    left.plot(x, numbers(recovered), color=BLUE)
    left.set(xlabel="$x$", title=r"forward: $\hat{x}$")
    slope = np.gradient(numbers(recovered), x)
    right.plot(x, slope, color=FAINT, linewidth=1, label=r"slope of $\hat{x}$ as it is drawn")
    right.plot(x, through, color=VERMILION, linestyle="--", label="result of your backward")
    right.set(xlabel="$x$", title=r"backward: $\partial\hat{x}/\partial x$", ylim=(-0.5, 3))
    right.legend(fontsize=8)
    return CaptionedFigure(
        figure,
        "The staircase is flat almost everywhere, so its own slope (gray) carries no gradient. The "
        "dashed line is the gradient that your backward passes on instead.",
        f"The slope of the staircase is 0 at {(slope == 0).mean():.0%} of the points. The result "
        f"of your backward is between {through.min():.3g} and {through.max():.3g}.",
    )


def agreement(accumulator: Array, recovered: Array) -> CaptionedFigure:
    """Draw accumulators (N,) against the integers recovered from a fake-quantized output (N,)."""
    accumulator, recovered = numbers(accumulator), numbers(recovered)
    figure, (left, right) = new_sheet(1, 2, (9, 3.4))
    ends = [min(accumulator.min(), recovered.min()), max(accumulator.max(), recovered.max())]
    left.plot(ends, ends, color=FAINT, linewidth=1)
    left.plot(accumulator, recovered, ".", color=BLUE, markersize=3, alpha=0.5)
    left.set(xlabel="accumulator of your integer layer", ylabel="from the fake-quantized layer")
    difference = recovered - accumulator
    values, counts = np.unique(difference, return_counts=True)
    right.bar(values, counts, color=BLUE)
    right.set_xlim(min(-3, values[0] - 1), max(3, values[-1] + 1))
    share = np.mean(difference == 0)
    right.set(xlabel="difference", ylabel="outputs", title=f"{share:.2%} equal")
    return CaptionedFigure(
        figure,
        "Left, every point is one output: equal integers are on the diagonal. Right, how often "
        "the two differ, and by how much.",
        f"{share:.2%} of {len(difference):,} integers are equal. The differences are between "
        f"{values[0]:g} and {values[-1]:g}; the accumulators between {accumulator.min():g} and "
        f"{accumulator.max():g}.",
    )


def _draw_real_and_levels(
    axis: Axes, values: np.ndarray, recovered: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Draw one panel of `histograms`; return the levels and the share of values at each."""
    low, high = np.quantile(values, [0.0005, 0.9995])
    bins = np.linspace(low, high, BINS).tolist()
    axis.hist(values, bins, density=True, color=BLUE, alpha=0.5, label="real")
    levels, share, step = levels_of(recovered)
    axis.vlines(levels, 0, share / step, color=VERMILION, linewidth=2, label="quantized")
    axis.plot(levels, share / step, ".", color=VERMILION, markersize=3)
    axis.set(yticks=[], xlim=(min(low, levels[0]) - step, max(high, levels[-1]) + step))
    return levels, share
