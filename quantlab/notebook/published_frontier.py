"""Draw a network of question 3 beside networks that other methods made.

`published_frontier.json` holds sizes and accuracies that this kit measured. All networks come from
the float ResNet-20 that students start from, and none was chosen on test images.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from quantlab.notebook.captioned import CaptionedFigure
from quantlab.notebook.palette import INK, VERMILION, series_style
from quantlab.notebook.sheets import new_sheet, sentences

FILE = Path(__file__).with_name("published_frontier.json")
MARKER_OF_YOURS = "*"


@dataclass(frozen=True)
class FrontierMethod:
    """Hold the networks of one method: (size in KiB, accuracy in percent), the largest first."""

    name: str
    source: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Frontier:
    """Hold networks of the methods; their accuracy is in percent of `images` test images."""

    dataset: str
    images: int
    float_accuracy: float
    methods: tuple[FrontierMethod, ...]


def load_frontier(file: Path = FILE) -> Frontier:
    """Return the published networks."""
    content = json.loads(file.read_text(encoding="utf-8"))
    methods = tuple(
        FrontierMethod(
            method["name"], method["source"], tuple((kib, top) for kib, top in method["points"])
        )
        for method in content["methods"]
    )
    return Frontier(content["dataset"], content["images"], content["float_accuracy"], methods)


def draw_frontier(
    yours: tuple[float, float] | None, dataset: str, images: int, floor: float
) -> CaptionedFigure:
    """Draw size against accuracy of the published networks and of yours.

    Args:
        yours: Size in KiB and test accuracy in percent; None without a network.
        dataset: The data set that yours was measured on. Another one is not drawn.
        images: How many test images yours was measured on.
        floor: The accuracy that the assignment requires, in percent.
    """
    frontier = load_frontier()
    figure, axis = new_sheet(1, 1, (8, 4.6))
    texts = []
    for number, method in enumerate(frontier.methods):
        style = series_style(number)
        marker = style.marker if number < 5 else "P"
        axis.plot(
            *zip(*method.points, strict=True), linestyle=style.dash, marker=marker,
            color=style.color if number < 5 else INK, label=f"{method.name} ({method.source})",
        )  # fmt: skip
        pairs = ", ".join(f"{kib:g} KiB {top:g} %" for kib, top in method.points)
        texts.append(f"{method.name} ({method.source}): {pairs}")
    caption = (
        "Up and to the left is better. All networks are this ResNet-20, measured by the kit on all "
        f"{frontier.images:,} test images of {frontier.dataset}; the float network has "
        f"{frontier.float_accuracy:g} %."
    )
    if yours is None:
        caption += " Yours is drawn after the search of question 3."
    elif dataset != frontier.dataset:
        caption += f" Yours is not drawn, because it was measured on {dataset}."
    else:
        axis.plot(*yours, MARKER_OF_YOURS, color=VERMILION, markeredgecolor=INK, markersize=18,
                  label="yours")  # fmt: skip
        caption += f" Yours was measured on {images:,} test images."
        texts.insert(0, f"Yours: {yours[0]:.1f} KiB {yours[1]:.2f} %")
    axis.axhline(floor, color=INK, linestyle="--", linewidth=1)
    axis.annotate(f"floor, {floor:g} %", (0.99, floor), xycoords=("axes fraction", "data"),
                  ha="right", va="bottom", fontsize=8)  # fmt: skip
    axis.set(xlabel="size of the weights, KiB", ylabel="test accuracy, %")
    axis.legend(fontsize=8, loc="lower right")
    return CaptionedFigure(figure, caption, sentences(texts))
