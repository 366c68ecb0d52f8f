"""The comparison of answers: rules as data, outcomes as sentences. Pure, and without torch.

A rule compares an answer with the expected answer and returns an `Outcome`: a kind ("correct",
"wrong", "bad_shape", "bad_dtype"), one sentence for the student, and the details that a report may
show. Shapes are compared before values, so nothing is broadcast; values that are not finite never
count as near. An answer is a numpy array, a number, or a sequence of these.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from typing import Any, Protocol

import numpy as np

CORRECT, WRONG, BAD_SHAPE, BAD_DTYPE = "correct", "wrong", "bad_shape", "bad_dtype"
SHOWN_VALUES = 8
ROUNDING = 1e-5  # of the largest magnitude: sums in another order, float32 for float64


@dataclass(frozen=True)
class Outcome:
    """The outcome of a comparison; `detail` is plain JSON with "worst" and "difference"."""

    kind: str
    message: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def correct(self) -> bool:
        """Return whether the answer is correct."""
        return self.kind == CORRECT


class Rule(Protocol):
    """A comparison of an answer with the expected answer."""

    def compare(self, got: Any, expected: Any) -> Outcome:
        """Return the outcome."""
        ...


@dataclass(frozen=True)
class Codes:
    """Equal integers in any real dtype: codes are stored as floats and as integers."""

    def compare(self, got: Any, expected: Any) -> Outcome:
        """Return the outcome."""
        return _compare_numbers(got, expected, lambda g, e: g == e, _code_step)


@dataclass(frozen=True)
class IntegerTensor:
    """Equal integers in an integer dtype of at least 32 bits."""

    def compare(self, got: Any, expected: Any) -> Outcome:
        """Return the outcome."""
        if isinstance(got, np.ndarray) and got.dtype not in (np.int32, np.int64):
            return Outcome(BAD_DTYPE, f"Expected dtype int32, got {got.dtype}.")
        return Codes().compare(got, expected)


@dataclass(frozen=True)
class Close:
    """Real numbers within `relative` times the largest expected magnitude."""

    relative: float

    def compare(self, got: Any, expected: Any) -> Outcome:
        """Return the outcome."""
        magnitude = np.max(np.abs(_numbers(expected)), initial=0.0)
        bound = self.relative * float(magnitude)
        return _compare_numbers(got, expected, lambda g, e: np.abs(g - e) <= bound, _distance)


@dataclass(frozen=True)
class AnyOf:
    """One of several expected answers, by one rule; the sentence is about the first."""

    rule: Rule

    def compare(self, got: Any, expected: Sequence[Any]) -> Outcome:
        """Return the first correct outcome, else the first."""
        outcomes = [self.rule.compare(got, answer) for answer in expected]
        return next((outcome for outcome in outcomes if outcome.correct), outcomes[0])


@dataclass(frozen=True)
class Each:
    """A tuple or list with one part per rule, every part correct by its own rule."""

    rules: tuple[Rule, ...]
    names: tuple[str, ...]

    def compare(self, got: Any, expected: Sequence[Any]) -> Outcome:
        """Return the first outcome that is not correct, else a correct one."""
        parts = f"({', '.join(self.names)})"
        if not isinstance(got, (tuple, list)) or len(got) != len(self.rules):
            return Outcome(BAD_SHAPE, f"Expected {parts}, got {describe(got)}.")
        for name, rule, g, e in zip(self.names, self.rules, got, expected, strict=True):
            outcome = rule.compare(g, e)
            if not outcome.correct:
                return Outcome(outcome.kind, f"{name}: {outcome.message}", outcome.detail)
        return Outcome(CORRECT)


@dataclass(frozen=True)
class Widths:
    """A candidate bit width for exactly the `layers`. There is no expected answer."""

    layers: tuple[str, ...]
    candidates: tuple[int, ...]

    def compare(self, got: Any, expected: Any = None) -> Outcome:
        """Return the outcome."""
        if not isinstance(got, Mapping):
            return Outcome(BAD_SHAPE, f"Expected {{layer: bits}}, got {describe(got)}.")
        if set(got) != set(self.layers):
            return Outcome(WRONG, "The result must name every layer, and no other, exactly once.")
        for name, bits in got.items():
            if not is_width(bits, self.candidates):
                return Outcome(WRONG, f"{name} has {describe(bits)} bits, none of the candidates.")
        return Outcome(CORRECT)


def is_width(bits: Any, allowed: range | tuple[int, ...]) -> bool:
    """Return whether `bits` is a whole number, of Python's or of a 0-d array, in `allowed`."""
    if isinstance(bits, np.ndarray) and bits.shape == () and bits.dtype.kind in "iuf":
        bits = bits.item()
    return type(bits) in (int, float) and bits in allowed


def is_number(value: Any) -> bool:
    """Return whether `value` is a real number or an array of real numbers."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "iufb"
    return type(value) in (int, float)


def as_scalar(value: Any) -> float | None:
    """Return a Python number, 0-d or 1-element array as a float; None for anything else."""
    if is_number(value) and np.size(value) == 1:
        return float(np.asarray(value).reshape(()))
    return None


def describe(value: Any) -> str:
    """Return a value in a few words: `float32 (2, 3) [0.1, 0.2, ...]`, `0.25`, `None`."""
    if isinstance(value, np.ndarray):
        flat = value.reshape(-1)[:SHOWN_VALUES]
        more = ", …" if value.size > SHOWN_VALUES else ""
        values = ", ".join(_short(v) for v in flat.tolist())
        return f"{value.dtype} {_shape(value)} [{values}{more}]"
    if isinstance(value, (tuple, list)):
        inside = ", ".join(describe(v) for v in value[:SHOWN_VALUES])
        more = ", …" if len(value) > SHOWN_VALUES else ""
        return f"({inside}{more})"
    if isinstance(value, Mapping):
        pairs = [f"{k}: {describe(v)}" for k, v in list(value.items())[:SHOWN_VALUES]]
        return "{" + ", ".join(pairs) + (", …" if len(value) > SHOWN_VALUES else "") + "}"
    return _short(value)


def is_same(left: Any, right: Any) -> bool:
    """Return whether answers are equal in structure, shape and value, floats up to rounding."""
    if is_number(left) and is_number(right):
        return _same_numbers(np.asarray(left), np.asarray(right))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(is_same(left[key], right[key]) for key in left)
    if isinstance(left, Sequence) and isinstance(right, Sequence) and not isinstance(left, str):
        return len(left) == len(right) and all(map(is_same, left, right))
    if type(left) is not type(right):
        return False
    if is_dataclass(left):
        return is_same(vars(left), vars(right))
    return bool(np.array_equal(left, right))


def _same_numbers(left: np.ndarray, right: np.ndarray) -> bool:
    if left.size == right.size == 1:  # numbers and tensors of one element are interchangeable
        left, right = left.reshape(()), right.reshape(())
    if left.shape != right.shape:
        return False
    if left.dtype.kind in "iu" and right.dtype.kind in "iu":
        return np.array_equal(left, right)
    bound = ROUNDING * np.max(np.abs(right[np.isfinite(right)]), initial=0.0)
    return bool(np.allclose(left, right, rtol=0, atol=bound, equal_nan=True))


def _compare_numbers(got: Any, expected: Any, equal: Any, difference: Any) -> Outcome:
    if not is_number(got):
        return Outcome(WRONG, f"Expected a tensor of numbers, got {describe(got)}.")
    expected = np.asarray(expected)
    scalar = expected.ndim == 0 and np.size(got) == 1
    got = np.asarray(got).reshape(()) if scalar else np.asarray(got)
    if got.shape != expected.shape:
        return Outcome(BAD_SHAPE, f"Expected shape {_shape(expected)}, got {_shape(got)}.")
    g, e = _numbers(got), _numbers(expected)
    if not np.all(np.isfinite(g)):
        return Outcome(WRONG, f"{_count(~np.isfinite(g))} not finite (NaN or infinite).")
    right = equal(g, e)
    if np.all(right):
        return Outcome(CORRECT)
    distance = np.abs(g - e)
    worst = np.unravel_index(int(np.argmax(distance)), distance.shape)
    sentence = f"{_count(~right)} wrong, {difference(distance)}."
    detail = {
        "difference": sentence.removesuffix("."),
        "worst": {
            "index": [int(i) for i in worst],
            "expected": _plain(e[worst]),
            "got": _plain(g[worst]),
        },
    }
    return Outcome(WRONG, sentence, detail)


def _numbers(value: Any) -> np.ndarray:
    """Return `value` in a dtype wide enough to subtract: int64 for integers, else float64."""
    array = np.asarray(value)
    return array.astype(np.int64 if array.dtype.kind in "ib" else np.float64)


def _count(mask: np.ndarray) -> str:
    wrong, size = int(np.sum(mask)), mask.size
    if size == 1:
        return "The value is"
    return f"{wrong} of {size} values {'is' if wrong == 1 else 'are'}"


def _code_step(distance: np.ndarray) -> str:
    return f"off by up to {_short(float(distance.max()))}"


def _distance(distance: np.ndarray) -> str:
    return f"by up to {float(distance.max()):.3g}"


def _shape(array: np.ndarray) -> str:
    return str(tuple(int(size) for size in array.shape))


def _plain(value: Any) -> float | int:
    return int(value) if float(value).is_integer() else float(value)


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"
