"""The colors, markers and hatches of every figure of the notebook.

The colors are those of Okabe and Ito (2008), distinct for every color vision. In gray print some
of them look alike, so a series never differs by color alone: it has a `Style` of its own with a
marker for points, a dash pattern for lines and a hatch for bars.
"""

from dataclasses import dataclass

BLUE, ORANGE, GREEN, VERMILION, PURPLE = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7"
SKY, YELLOW = "#56B4E9", "#F0E442"
INK, FAINT, PAPER = "#222222", "#999999", "#FFFFFF"


@dataclass(frozen=True)
class Style:
    """How one series looks: `color`, `marker`, `hatch`, and `dash` (a matplotlib line style)."""

    color: str
    marker: str
    hatch: str
    dash: str | tuple[int, tuple[int, ...]]


SERIES = (
    Style(BLUE, "o", "", "-"),
    Style(VERMILION, "s", "///", "--"),
    Style(GREEN, "D", "...", "-."),
    Style(ORANGE, "^", "xxx", ":"),
    Style(PURPLE, "v", "---", (0, (5, 1, 1, 1, 1, 1))),
)


def series_style(number: int) -> Style:
    """Return the style of series `number`, counted from 0; they repeat after `len(SERIES)`."""
    return SERIES[number % len(SERIES)]
