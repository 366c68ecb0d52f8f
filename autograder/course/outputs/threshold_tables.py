"""Prepare the tables of the class page that show what another threshold would change.

The page is complete without its script. With it, one input applies any change to a table; the
numbers for that are in `ThresholdRow.data`.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from autograder.course.thresholds import (
    CHANGES,
    SIZE_CHANGES,
    Movement,
    SizeSteps,
    Threshold,
)
from autograder.report.figures import line, rect
from autograder.report.wording import number

_AROUND = 5.0  # percentage points on either side of a threshold
_BINS = 20
_HEIGHT = 26  # pixels


@dataclass(frozen=True)
class ThresholdRow:
    """Hold one row: its name, the value now, how many count, a picture, one text per change."""

    name: str
    now: str
    count: int
    picture: Markup
    changes: tuple[str, ...]
    data: Markup


def accuracy_rows(thresholds: Sequence[Threshold]) -> list[ThresholdRow]:
    """Return one row per accuracy threshold, with `CHANGES` as columns."""
    return [
        ThresholdRow(
            threshold.cell,
            f"{number(threshold.threshold)} %",
            len(threshold.accuracies),
            _picture(threshold),
            tuple(movement_text(threshold.movement(change)) for change in CHANGES),
            _data(
                now=threshold.threshold,
                ramp=threshold.ramp,
                points=threshold.points,
                values=threshold.accuracies,
                bonuses=threshold.bonuses,
            ),
        )
        for threshold in thresholds
    ]


def size_rows(steps: SizeSteps) -> list[ThresholdRow]:
    """Return one row per size step, with `SIZE_CHANGES` as columns, and one for their sum."""
    rows = [
        ThresholdRow(
            f"{number(step)} KiB",
            f"+{number(bonus)}",
            steps.reached(step),
            Markup(""),
            tuple(f"{steps.reached(step, change)}" for change in SIZE_CHANGES),
            _data(step=step),
        )
        for step, bonus in steps.steps
    ]
    rows.append(
        ThresholdRow(
            "Bonus points",
            "",
            len(steps.sizes),
            Markup(""),
            tuple(movement_text(steps.movement(change)) for change in SIZE_CHANGES),
            _data(steps=steps.steps, sizes=steps.sizes),
        )
    )
    return rows


def movement_text(movement: Movement) -> str:
    """Return who gains and loses, such as "12 gain 1.00"; a dash if no score changes.

    `class.js` has the same rule.
    """
    parts = []
    if movement.gaining:
        parts.append(f"{movement.gaining} gain {movement.gain:.2f}")
    if movement.losing:
        parts.append(f"{movement.losing} lose {movement.loss:.2f}")
    return ", ".join(parts) or "–"


def _data(**numbers: object) -> Markup:
    """Return numbers as JSON for an attribute. It is markup, because pages shorten long text."""
    return escape(json.dumps(numbers, separators=(",", ":")))


def _picture(threshold: Threshold) -> Markup:
    """Return the accuracies near a threshold as bars; the numbers beside it say the same."""
    low, width = threshold.threshold - _AROUND, 2 * _AROUND / _BINS
    counts = Counter(
        min(max(int((accuracy - low) // width), 0), _BINS - 1) for accuracy in threshold.accuracies
    )
    highest = max(counts.values(), default=1)
    share = 100 / _BINS
    body = Markup("")
    for place, count in sorted(counts.items()):
        height = max(_HEIGHT * count / highest, 1.5)
        body += rect("bin", place * share + 0.4, _HEIGHT - height, share - 0.8, height)
    body += line("rail", 0, _HEIGHT, 100, _HEIGHT)
    body += line("median", 50, 0, 50, _HEIGHT + 2)
    return Markup(
        '<svg class="near" width="100%" height="{height}" aria-hidden="true">{body}</svg>'
    ).format(height=_HEIGHT + 2, body=body)
