"""Draw the figures of the class page, as inline SVG without script.

They are made as those of a student's report (`autograder.report.figures`): horizontal positions in
percent, heights and type in pixels, colors from the classes of the page. The page has the numbers
of every figure as text, too.
"""

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from autograder.course.statistics import ClassStatistics, Spread, VariableNetwork
from autograder.engine.record import CheckResult
from autograder.report.figures import FIGURE, line, rect, text
from autograder.report.wording import TONES, number

# Bars stack in this order: points won, points lost, undecided.
TONE_ORDER = ("good", "part", "bad", "stop", "none", "wait", "fault")
TONE_WORDS = {
    "good": "correct",
    "part": "partly correct",
    "bad": "wrong",
    "stop": "error or halted",
    "none": "missing or not reached",
    "wait": "not graded yet",
    "fault": "grader fault",
}
AROUND = 10.0  # percentage points
_BARS = 150  # pixels of the highest bar of a distribution
_PLOT = 330  # pixels of the scatter's height
_LABEL = 11.0  # percent of the width that a label of a size step needs on a telephone
_DOT = Markup(
    '<circle class="dot" cx="{x:.2f}%" cy="{y:.1f}" r="3.5"><title>{title}</title></circle>'
)
_DIAMOND = Markup(
    '<svg x="{x:.2f}%" y="{y:.1f}" overflow="visible">'
    '<path class="reference" d="M0-6L6 0 0 6-6 0z"/></svg>'
)


def score_figure(stats: ClassStatistics, identifier: str) -> Markup:
    """Return the distribution of totals with its five-number summary."""
    highest = max(stats.bins, default=0) or 1
    body = Markup("")
    share = 100 / max(len(stats.bins), 1)
    top = 18
    for place, count in enumerate(stats.bins):
        if count:
            height = _BARS * count / highest
            left = place * share
            body += rect("bin", left + 0.25, top + _BARS - height, share - 0.5, height)
            body += text(
                "value count", left + share / 2, top + _BARS - height - 5, "middle", str(count)
            )
    base = top + _BARS
    body += line("axis", 0, base, 100, base)
    span = stats.bin_width * len(stats.bins)
    for tick in range(0, int(span) + 1, 20 if span > 50 else 5):
        anchor = "start" if tick == 0 else "end" if tick > 0.97 * span else "middle"
        body += text("value", 100 * tick / span, base + 16, anchor, number(tick))
    if stats.totals:
        body += _five(stats.totals, 0, span, base + 32)
    return FIGURE.format(
        id=identifier,
        height=base + 44,
        title="Distribution of totals",
        description=_sentence(stats.totals, "points"),
        body=body,
    )


def spread_bar(values: Spread | None, reference: float | None) -> Markup:
    """Return the accuracies of a class around that of the reference, a diamond.

    The axis spans `AROUND` points on either side. Screen readers read the numbers beside it
    instead.
    """
    body = line("rail", 0, 8, 100, 8)
    middle = reference if reference is not None else values.median if values else 0.0
    if values:
        body += _five(values, middle - AROUND, middle + AROUND, 8)
    if reference is not None:
        body += _DIAMOND.format(x=50, y=8)
    return Markup(
        '<svg class="spread" width="100%" height="16" aria-hidden="true">{}</svg>'
    ).format(body)


def outcome_bar(tones: Mapping[str, int]) -> Markup:
    """Return the results of a check in the class as one bar; its title has the numbers."""
    class_members = sum(tones.values()) or 1
    body = Markup("")
    left = 0.0
    for tone in TONE_ORDER:
        width = 100 * tones.get(tone, 0) / class_members
        if width:
            body += rect(f"fill-{tone}", left, 0, width, 10)
            left += width
    words = ", ".join(f"{tones[tone]} {TONE_WORDS[tone]}" for tone in TONE_ORDER if tones.get(tone))
    return Markup(
        '<svg class="outcomes" width="100%" height="10" role="img" aria-label="{words}">'
        "<title>{words}</title>{body}</svg>"
    ).format(words=words, body=body)


def strip(checks: Sequence[CheckResult]) -> Markup:
    """Return one thin column per check in the rubric's order, colored by its verdict."""
    columns: dict[str, list[str]] = {}
    tones: dict[str, int] = {}
    for place, check in enumerate(checks):
        tone = TONES[check.verdict]
        columns.setdefault(tone, []).append(f"M{place} 0h1v1h-1z")
        tones[tone] = tones.get(tone, 0) + 1
    paths = Markup("").join(
        Markup('<path class="fill-{}" d="{}"/>').format(tone, "".join(columns[tone]))
        for tone in TONE_ORDER
        if tone in columns
    )
    words = ", ".join(f"{tones[tone]} {TONE_WORDS[tone]}" for tone in TONE_ORDER if tone in tones)
    return Markup(
        '<svg class="strip" viewBox="0 0 {} 1" preserveAspectRatio="none" role="img" '
        'aria-label="{}">{}</svg>'
    ).format(max(len(checks), 1), words, paths)


def size_figure(
    sizes: Sequence[VariableNetwork],
    references: Sequence[tuple[float, float]],
    floor: float,
    steps: Sequence[tuple[float, float]],
    identifier: str,
) -> Markup:
    """Return sizes (x) and accuracies (y); `references` are diamonds.

    `steps` earn a bonus, `floor` is in percent.
    """
    points = [(network.kibibytes, network.accuracy) for network in sizes]
    points += references
    widest = max([size for size, _ in points] + [size for size, _ in steps], default=1.0) * 1.04
    lowest = min([accuracy for _, accuracy in points if accuracy > floor - 15] + [floor - 3])
    highest = max([accuracy for _, accuracy in points] + [floor + 3])

    def across(size: float) -> float:
        return 100 * size / widest

    def up(accuracy: float) -> float:
        place = (highest - accuracy) / (highest - lowest)
        return 42 + (_PLOT - 42) * min(max(place, 0.0), 1.0)

    body = Markup("")
    row, right = 0, math.inf  # labels that are close alternate between two rows
    for size, bonus in sorted(steps, reverse=True):
        row = 1 - row if right - across(size) < _LABEL else 0
        right = across(size)
        body += line("step", right, 22 + 14 * row, right, _PLOT)
        body += text("value", right, 16 + 14 * row, "middle", f"+{number(bonus)}")
    for level in range(5 * math.ceil(lowest / 5), int(highest) + 1, 5):
        if level != floor:
            body += line("grid", 0, up(level), 100, up(level))
            body += text("value", 0, up(level) - 5, "start", f"{level} %")
    body += line("tick", 0, up(floor), 100, up(floor))
    body += text("label", 0, up(floor) - 5, "start", f"{number(floor)} %")
    for network in sizes:
        title = f"{network.submission}: {network.kibibytes:.1f} KiB, {network.accuracy:.2f} %"
        body += _DOT.format(x=across(network.kibibytes), y=up(network.accuracy), title=title)
    for size, accuracy in references:
        body += _DIAMOND.format(x=across(size), y=up(accuracy))
    body += line("axis", 0, _PLOT + 8, 100, _PLOT + 8)
    distance = next((step for step in (50, 100, 250) if widest / step < 5), 1000)
    for tick in range(0, int(widest), distance):
        anchor = "start" if tick == 0 else "end" if across(tick) > 92 else "middle"
        body += text("value", across(tick), _PLOT + 24, anchor, f"{tick} KiB" if tick else "0")
    above = sum(1 for network in sizes if network.accuracy > floor)
    return FIGURE.format(
        id=identifier,
        height=_PLOT + 30,
        title="Variable precision: size of the weights and accuracy",
        description=f"{len(sizes)} networks, {above} of them above {number(floor)} %.",
        body=body,
    )


def _five(values: Spread, low: float, high: float, y: float) -> Markup:
    """Return a box plot: the range thin, the middle half thick, the median a tick."""

    def place(value: float) -> float:
        return min(max(100 * (value - low) / (high - low), 0.0), 100.0)

    left, right = place(values.low), place(values.high)
    return (
        line("whisker", place(values.least), y, place(values.most), y)
        + rect("middle", left, y - 3.5, max(right - left, 0.4), 7)
        + line("median", place(values.median), y - 6, place(values.median), y + 6)
    )


def _sentence(values: Spread | None, unit: str) -> str:
    if values is None:
        return "There is none yet."
    return (
        f"From {number(values.least)} to {number(values.most)} {unit}, half of them between "
        f"{number(values.low)} and {number(values.high)}, the median {number(values.median)}."
    )
