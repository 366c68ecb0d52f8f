"""What a check may show of how it came about: the vocabulary of `CheckResult.evidence`.

Plain JSON, every key optional, unknown keys ignored:

    "depends_on"   ["integer_conv2d"]: names in solution.py that the checked function rests on
    "exception"    "ValueError": the class of what was raised, from a fixed list of names
    "call"         "linear_quantize(x, scale=0.1, zero_point=0, N_bits=4)"
    "inputs"       [["x", "float32 (5,) [-1.2, 0.3, 4.0, 0.0, 2.5]"], …]
    "expected"     "float32 (5,) [-8, 3, 7, 0, 7]"
    "got"          the same of what came back
    "difference"   "2 of 5 values differ, at most by 1"
    "worst"        {"index": [3], "expected": 7, "got": 8}: where they differ most
    "above_optimum" 7.5: percent by which the bits found exceed the fewest possible ones
    "line"         42: the line of solution.py that raised
    "printed"      what the code printed; may have many lines
    "histogram"    {"edges": [n + 1 numbers], "counts": [n numbers],
                    "levels": [m numbers], "level_counts": [m numbers]}: the original values in
                   bins, and the values that are left after quantization with how often each is

More are read by the pages of a whole class alone (`autograder.course.statistics`):

    "reported"     {"W8A8": 92.3, "W4A4": null}: a row of answers.json as numbers
    "kibibytes"    108.88: the size of the weights at the reported or measured bit widths
    "packed"       true: size and accuracy are those of a packed model
    "leaderboard"  "Captain Clip": the pseudonym under which the class may see this model

Of a hidden check, only the keys that `autograder.engine.redaction` allows are shown, even if a
report holds more. All text is cleaned and cut here. A value of the wrong kind is left out; nothing
here raises.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from autograder.engine import redaction
from autograder.engine.record import CheckResult
from quantlab.protocol.sanitize_text import clean

MOST_INPUTS = 12
MOST_BINS = 512  # more cannot be distinguished on a page
LARGEST = 1e300  # so that differences and their hundredfold stay finite


@dataclass(frozen=True)
class Histogram:
    """Hold finite numbers. `edges` rises and is one longer than `counts`, which are not all 0."""

    edges: tuple[float, ...]
    counts: tuple[float, ...]
    levels: tuple[float, ...]
    level_counts: tuple[float, ...]


@dataclass(frozen=True)
class ShownEvidence:
    """Hold sanitized text of limited length; None or empty if there is none."""

    depends_on: tuple[str, ...] = ()
    exception: str | None = None
    call: str | None = None
    inputs: tuple[tuple[str, str], ...] = ()
    expected: str | None = None
    got: str | None = None
    difference: str | None = None
    worst: str | None = None
    above_optimum: float | None = None
    line: int | None = None
    printed: str | None = None
    histogram: Histogram | None = None


def read_evidence(check: CheckResult) -> ShownEvidence:
    """Return what may be shown of `check`."""
    values: Mapping[str, Any] = check.evidence
    if not check.visible:
        values = redaction.shown_evidence(values)
    line = values.get("line")
    return ShownEvidence(
        depends_on=_names(values.get("depends_on")),
        exception=_text(values.get("exception"), 60, 1),
        call=_text(values.get("call"), 800, 12),
        inputs=_pairs(values.get("inputs")),
        expected=_text(values.get("expected"), 1600, 24),
        got=_text(values.get("got"), 1600, 24),
        difference=_text(values.get("difference"), 300, 1),
        worst=_worst(values.get("worst")),
        above_optimum=_percent(values.get("above_optimum")),
        line=line if isinstance(line, int) and not isinstance(line, bool) else None,
        printed=_text(values.get("printed"), 4096, 60),
        histogram=_histogram(values.get("histogram")),
    )


def _text(value: object, limit: int, lines: int) -> str | None:
    if isinstance(value, bool | int | float):
        value = str(value)
    if not isinstance(value, str):
        return None
    return clean(value, limit, lines) or None


def _percent(value: object) -> float | None:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if plain and 0 <= value < LARGEST else None  # type: ignore[operator, arg-type]


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        return ()
    return tuple(text for name in value[:MOST_INPUTS] if (text := _text(name, 80, 1)))


def _pairs(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, list | tuple):
        return ()
    pairs = []
    for entry in value[:MOST_INPUTS]:
        if isinstance(entry, list | tuple) and len(entry) == 2:
            name, text = _text(entry[0], 80, 1), _text(entry[1], 800, 12)
            if name and text:
                pairs.append((name, text))
    return tuple(pairs)


def _worst(value: object) -> str | None:
    if not isinstance(value, Mapping):
        return None
    index = value.get("index")
    expected, got = (_text(value.get(key), 60, 1) for key in ("expected", "got"))
    if expected is None or got is None:
        return None
    if not isinstance(index, list | tuple) or not index:
        return f"expected {expected}, got {got}"
    place = ", ".join(_text(i, 12, 1) or "?" for i in index[:8])
    return f"at [{place}] expected {expected}, got {got}"


def _histogram(value: object) -> Histogram | None:
    if not isinstance(value, Mapping):
        return None
    edges, counts, levels, level_counts = (
        _numbers(value.get(key)) for key in ("edges", "counts", "levels", "level_counts")
    )
    fits = (
        len(edges) == len(counts) + 1
        and len(levels) == len(level_counts)
        and all(low < high for low, high in pairwise(edges))
        and min(counts + level_counts, default=-1) >= 0
        and max(counts, default=0) > 0
        and max(level_counts, default=0) > 0
    )
    return Histogram(edges, counts, levels, level_counts) if fits else None


def _numbers(value: object) -> tuple[float, ...]:
    """Return the numbers of a list; empty if it is not a list, too long, or holds other values."""
    if not isinstance(value, list | tuple) or len(value) > MOST_BINS + 1:
        return ()
    if not all(isinstance(x, int | float) and abs(x) < LARGEST for x in value):
        return ()
    return tuple(float(x) for x in value)
