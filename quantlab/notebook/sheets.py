"""What the figures of the notebook share: white sheets with axes, and numbers as arrays."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter
from torch import Tensor

from quantlab.notebook.palette import PAPER

MANY_DECADES = 1_000  # of a ruler: more labels would overlap

Array = Tensor | np.ndarray | Sequence[float]


def new_sheet(
    rows: int, columns: int, size: tuple[float, float], **options: Any
) -> tuple[Figure, Any]:
    """Return a white figure and its axes, shaped as `Figure.subplots` shapes them.

    A white background is readable in light and dark themes and in a printed report.

    Args:
        rows: Rows of axes.
        columns: Columns of axes.
        size: Width and height in inches.
        options: Further options of `Figure.subplots`, and `height_ratios`.
    """
    figure = Figure(figsize=size, layout="constrained", facecolor=PAPER)
    ratios = {"height_ratios": options.pop("height_ratios", None)}
    axes = figure.subplots(rows, columns, gridspec_kw=ratios, **options)
    for axis in np.ravel(axes):
        axis.set_facecolor(PAPER)
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(color="#dddddd", linewidth=0.5)
        axis.set_axisbelow(True)
    return figure, axes


def plain_log_rulers(axis: Axes) -> None:
    """Label both logarithmic rulers of a finished `axis` with plain numbers.

    They are 1, 2 and 5 in each decade, or 1 alone if there are many decades.
    """
    for ruler, (low, high) in ((axis.xaxis, axis.get_xlim()), (axis.yaxis, axis.get_ylim())):
        has_many = high / low > MANY_DECADES
        ruler.set_major_locator(LogLocator(subs=(1,) if has_many else (1, 2, 5)))
        ruler.set_major_formatter(FormatStrFormatter("%g"))
        ruler.set_minor_formatter(NullFormatter())


def numbers(values: Array) -> np.ndarray:
    """Return `values` as float64 (N,)."""
    if isinstance(values, Tensor):
        values = values.detach().cpu().numpy()
    return np.asarray(values, dtype=np.float64).ravel()


def levels_of(recovered: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the distinct values, the share of elements at each, and the least distance."""
    levels, counts = np.unique(recovered, return_counts=True)
    step = float(np.diff(levels).min()) if len(levels) > 1 else 1.0
    return levels, counts / len(recovered), step


def sentences(parts: Sequence[str]) -> str:
    """Return the parts as one text, each ended by a period."""
    return " ".join(f"{part}." for part in parts)
