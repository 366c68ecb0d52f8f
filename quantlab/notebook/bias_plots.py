"""The figure and the table of question 1c: the error of quantization over x, and its means.

The range of a grid is that of the levels that occur, half a step wider on both sides. Values beyond
it are clipped.
"""

from collections.abc import Mapping

import numpy as np

from quantlab.notebook.captioned import CaptionedFigure
from quantlab.notebook.palette import BLUE, FAINT, series_style
from quantlab.notebook.sheets import Array, levels_of, new_sheet, numbers, sentences
from quantlab.notebook.tables import EMPTY, Table

BINS = 80
FIRST_SERIES = 1  # series 0 is blue, as the distribution of x

Panels = Mapping[str, tuple[Array, Mapping[str, Array]]]
"""{title: (values (N,), {method: recovered (N,)})}."""


def bias(panels: Panels) -> CaptionedFigure:
    """Draw the mean error over x, a column for each panel and a line for each method.

    The upper row shows how often each x occurs, the lower row the mean of (recovered - x).
    """
    figure, axes = new_sheet(2, len(panels), (3 * len(panels), 4.6), height_ratios=[1, 2.5])
    axes = np.reshape(axes, (2, len(panels)))
    texts = []
    for (above, below), (title, (values, methods)) in zip(axes.T, panels.items(), strict=True):
        x = numbers(values)
        low, high = np.quantile(x, [0.0005, 0.9995])
        edges = np.linspace(low, high, BINS + 1)
        count, _ = np.histogram(x, edges)
        middle = (edges[1:] + edges[:-1]) / 2
        above.fill_between(middle, count, color=BLUE, step="mid", alpha=0.5)
        above.set(title=title, yticks=[])
        below.axhline(0, color=FAINT, linewidth=1)
        for number, (method, recovered) in enumerate(methods.items(), FIRST_SERIES):
            error, style = numbers(recovered) - x, series_style(number)
            total, _ = np.histogram(x, edges, weights=error)
            below.plot(
                middle, total / np.maximum(count, 1), color=style.color, linestyle=style.dash,
                label=f"{method}, mean {error.mean():.2g}",
            )  # fmt: skip
            texts.append(f"{title}, {method}: the mean error is {error.mean():.2g}")
        below.set(xlabel="$x$")
        below.legend(fontsize=7)
    axes[1, 0].set_ylabel(r"mean of $\hat{x} - x$")
    axes[0, 0].set_ylabel("how often")
    return CaptionedFigure(
        figure,
        "Above, how often each x occurs; below, the mean error of the values around it, a line for "
        "each method. The legend has the mean over all values: where it is not zero, the error is "
        "biased.",
        sentences(texts),
    )


def bias_table(panels: Panels) -> Table:
    """Return the mean of (recovered - x) over all values, those inside and those clipped."""
    columns = ["", "all", "inside", "clipped below", "clipped above", "clipped", "values clipped"]
    rows = [
        [f"{title}, {method}", *_means(numbers(values), numbers(recovered))]
        for title, (values, methods) in panels.items()
        for method, recovered in methods.items()
    ]
    return Table("Mean of the error, recovered minus x", columns, rows)


def _means(x: np.ndarray, recovered: np.ndarray) -> list[str]:
    """Return the cells of a row: the means of the error over parts of `x`, how many are clipped."""
    levels, _, step = levels_of(recovered)
    below, above = x < levels[0] - step / 2, x > levels[-1] + step / 2
    clipped = below | above
    parts = (np.ones_like(clipped), ~clipped, below, above, clipped)
    error = recovered - x
    means = [f"{error[part].mean():.2g}" if part.any() else EMPTY for part in parts]
    return [*means, f"{clipped.sum():,}"]
