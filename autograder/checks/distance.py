"""Say in one of three words how far a wrong answer to a hidden check is from the expected one.

The distance of real numbers is the largest error over the largest expected magnitude. Integers have
the smaller of that and the share of wrong elements: few wrong ones, or many that differ by little,
are near. A scale found by search has the share by which its error exceeds the least one. An answer
of several parts is as far as its farthest part, so no part is compared alone.

    near   up to 0.05
    off    up to 0.5
    far    more, or not finite

The edges between the words are blurred. For each answer both are multiplied by a secret factor from
1/sqrt(2) to sqrt(2), drawn for the student, the check and the answer to three digits. So bisection
with many constants finds the expected number only to about one percent, which is far above every
tolerance. The same answer always gets the same word.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from autograder.engine.redaction import FAR, NEAR, OFF
from autograder.engine.secret import StudentRandom
from quantlab.protocol.calls import Answer
from quantlab.protocol.comparison import (
    AnyOf,
    Close,
    Codes,
    Each,
    IntegerTensor,
    Rule,
    as_scalar,
    is_number,
)
from quantlab.protocol.expectation import Expectation
from quantlab.protocol.quality_rules import BestScale, NearLeastError, squared_error

EDGES = (0.05, 0.5)  # the largest distance that is near, and that is off
BLUR = 2**0.5  # each edge is multiplied by 1 / BLUR to BLUR


def distance_word(
    check: str, random: StudentRandom, expectations: Sequence[Expectation], answer: Answer
) -> str:
    """Return `NEAR`, `OFF` or `FAR`; "" if the answer is correct or cannot be compared."""
    distances = [_distance_of_part(expectation, answer) for expectation in expectations]
    known = [distance for distance in distances if distance is not None]
    if len(known) < len(distances) or not any(known):
        return ""
    key = ",".join(f"{number:.2e}" for number in _numbers_of(answer.results))
    factor = BLUR ** random.generator(f"{check} distance {key}").uniform(-1, 1)
    near, off = (edge * factor for edge in EDGES)
    farthest = max(known)
    return NEAR if farthest <= near else OFF if farthest <= off else FAR


def _distance_of_part(expectation: Expectation, answer: Answer) -> float | None:
    if expectation.gradient:
        got = answer.gradients[expectation.call].get(expectation.gradient)
    else:
        got = answer.results[expectation.call]
    return distance(expectation.rule, got, expectation.expected)


def distance(rule: Rule, got: Any, expected: Any) -> float | None:
    """Return how far `got` is from `expected`; 0 if correct, None if they cannot be compared."""
    match rule:
        case AnyOf():
            several = [distance(rule.rule, got, answer) for answer in expected]
            return min((d for d in several if d is not None), default=None)
        case Each():
            if not isinstance(got, tuple | list) or len(got) != len(rule.rules):
                return None
            parts = [distance(*part) for part in zip(rule.rules, got, expected, strict=True)]
            return None if None in parts else max(part for part in parts if part is not None)
        case Close() | Codes() | IntegerTensor() | NearLeastError():
            return 0.0 if rule.compare(got, expected).correct else _distance(rule, got, expected)
        case _:
            return None


def _distance(rule: Rule, got: Any, expected: Any) -> float | None:
    if isinstance(rule, NearLeastError):
        return _excess_error(rule.bits, got, expected)
    return _distance_of_numbers(got, expected, isinstance(rule, Close))


def _excess_error(bits: int, got: Any, best: BestScale) -> float | None:
    scale = as_scalar(got[0]) if isinstance(got, tuple | list) and got else None
    if scale is None or not 0 < scale < np.inf:
        return None
    return squared_error(best.values, scale, bits) / best.error - 1


def _distance_of_numbers(got: Any, expected: Any, real: bool) -> float | None:
    if not is_number(got) or (np.shape(got) != np.shape(expected) and np.size(got) != 1):
        return None
    g, e = (np.asarray(value, np.float64).reshape(np.shape(expected)) for value in (got, expected))
    if not np.all(np.isfinite(g)):
        return np.inf
    largest = float(np.max(np.abs(e), initial=0.0))
    relative = float(np.max(np.abs(g - e), initial=0.0)) / largest if largest else np.inf
    return relative if real else min(relative, float(np.mean(g != e)))


def _numbers_of(value: Any) -> Iterator[float]:
    if is_number(value):
        yield from np.asarray(value, np.float64).reshape(-1).tolist()
    elif isinstance(value, Mapping):
        yield from _numbers_of(list(value.values()))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for part in value:
            yield from _numbers_of(part)
