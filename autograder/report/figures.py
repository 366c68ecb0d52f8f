"""Draw the figures of the HTML report as inline SVG, without scripts or external files.

Horizontal positions are percentages and text is in CSS pixels, so a figure fits a telephone and a
sheet of paper with the same text size. Colors come from the page's classes: figures follow dark
mode and print. Each figure has a title and a description; the page repeats the numbers in a table.
`Markup.format` escapes all text. Nothing here raises for an `evidence.Histogram` and finite
accuracies.
"""

from collections.abc import Sequence
from itertools import pairwise

from markupsafe import Markup

from autograder.engine.record import ModelResult
from autograder.report.evidence import Histogram
from autograder.report.wording import number
from quantlab.protocol.sanitize_text import clean

ROW = 50  # pixels of one model: a line of text and a bar
HALF = 76  # pixels of the upper and of the lower half of a histogram

FIGURE = Markup(
    '<svg class="figure" width="100%" height="{height}" role="img" '
    'aria-labelledby="{id}-title {id}-desc">'
    '<title id="{id}-title">{title}</title><desc id="{id}-desc">{description}</desc>{body}</svg>'
)
_RECT = Markup(
    '<rect class="{css}" x="{x:.3f}%" y="{y:.2f}" width="{width:.3f}%" height="{height:.2f}"/>'
)
_LINE = Markup('<line class="{css}" x1="{x1:.3f}%" x2="{x2:.3f}%" y1="{y1:.2f}" y2="{y2:.2f}"/>')
_TEXT = Markup('<text class="{css}" x="{x:.3f}%" y="{y}" text-anchor="{anchor}">{text}</text>')


def score_bar(score: float, awaiting: float, undecided: float, full: float) -> Markup:
    """Return a thin bar: points earned, awaiting staff, and undecided after a grader fault.

    It repeats the numbers beside it, so screen readers skip it.
    """
    body = rect("track", 0, 0, 100, 8)
    start = 0.0
    for css, value in (("won", score), ("waiting", awaiting), ("undecided", undecided)):
        width = min(100 * max(value, 0) / full, 100 - start) if full > 0 else 0
        if width:
            body += rect(css, start, 0, width, 8)
            start += width
    return Markup('<svg class="bar" width="100%" height="8" aria-hidden="true">{}</svg>').format(
        body
    )


def accuracy_figure(models: Sequence[ModelResult], identifier: str) -> Markup:
    """Return one bar per model from 0 to 100 %, with a tick at the accuracy for all points."""
    body = Markup("")
    sentences = []
    for row, model in enumerate(models):
        top = row * ROW
        sentence = accuracy_text(model)
        sentences.append(f"{model_name(model)}: {sentence}.")
        body += text("label", 0, top + 15, "start", model_name(model))
        body += text("value", 100, top + 15, "end", sentence)
        body += rect("track", 0, top + 25, 100, 10)
        if model.accuracy is not None:
            reached = model.threshold is None or model.accuracy >= model.threshold
            width = min(max(model.accuracy, 0), 100)
            body += rect("won" if reached else "short", 0, top + 25, width, 10)
        if model.threshold is not None:
            body += line("tick", model.threshold, top + 22, model.threshold, top + 38)
    return FIGURE.format(
        id=identifier,
        height=len(models) * ROW,
        title="Test accuracy of the saved models",
        description=" ".join(sentences),
        body=body,
    )


def model_name(model: ModelResult) -> str:
    """Return "W4A4" if the bit widths are one pair, otherwise the name of the model."""
    if model.weight_bits is None or model.act_bits is None:
        return clean(model.name, 24)
    return f"W{model.weight_bits}A{model.act_bits}"


def accuracy_text(model: ModelResult) -> str:
    """Return the accuracy and the threshold: "91.84 %, full points from 91 %"."""
    measured = "not measured" if model.accuracy is None else f"{model.accuracy:.2f} %"
    if model.threshold is None:
        return measured
    return f"{measured}, full points from {number(model.threshold)} %"


def histogram_figure(histogram: Histogram, identifier: str) -> Markup:
    """Return original values upwards and quantized levels downwards, on one axis."""
    low = min(histogram.edges[0], *histogram.levels)
    high = max(histogram.edges[-1], *histogram.levels)

    def place(value: float) -> float:
        return 100 * (value - low) / (high - low)

    body = Markup("")
    for (left, right), count in zip(pairwise(histogram.edges), histogram.counts, strict=True):
        height = (HALF - 16) * count / max(histogram.counts)
        if height:
            width = place(right) - place(left)
            body += rect("original", place(left), HALF - height, width, height)
    for level, count in zip(histogram.levels, histogram.level_counts, strict=True):
        height = (HALF - 16) * count / max(histogram.level_counts)
        if height:
            body += line("level", place(level), HALF, place(level), HALF + height)
    body += line("axis", 0, HALF, 100, HALF)
    body += text("label", 0, 12, "start", "original values")
    body += text("label", 0, 2 * HALF - 2, "start", "quantized levels")
    body += text("value", 0, 2 * HALF + 16, "start", f"{low:.3g}")
    body += text("value", 100, 2 * HALF + 16, "end", f"{high:.3g}")
    if 10 < place(0) < 90:
        body += text("value", place(0), 2 * HALF + 16, "middle", "0")
    used = sum(1 for count in histogram.level_counts if count)
    return FIGURE.format(
        id=identifier,
        height=2 * HALF + 20,
        title="Original values and quantized levels",
        description=(
            f"Values from {histogram.edges[0]:.3g} to {histogram.edges[-1]:.3g} fall on {used} "
            f"levels from {min(histogram.levels):.3g} to {max(histogram.levels):.3g}."
        ),
        body=body,
    )


def rect(css: str, x: float, y: float, width: float, height: float) -> Markup:
    """Return a rectangle; `x` and `width` in percent of the figure, `y` and `height` in pixels."""
    return _RECT.format(css=css, x=x, y=y, width=width, height=height)


def line(css: str, x1: float, y1: float, x2: float, y2: float) -> Markup:
    """Return a line; `x1` and `x2` in percent of the figure, `y1` and `y2` in pixels."""
    return _LINE.format(css=css, x1=x1, y1=y1, x2=x2, y2=y2)


def text(css: str, x: float, y: float, anchor: str, words: str) -> Markup:
    """Return text at `x` percent and `y` pixels; `anchor` is "start", "middle" or "end"."""
    return _TEXT.format(css=css, x=x, y=y, anchor=anchor, text=words)
