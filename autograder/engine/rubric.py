"""Read and validate `rubric.toml`.

A rubric whose points do not add up, with a misspelled key, or with an unknown check is refused
before anything is graded.
"""

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.engine.slips import Slip, read_slips
from autograder.errors import RubricError
from quantlab.paths import CELLS

RUBRIC = Path(__file__).with_name("rubric.toml")
_RENAMED = {"honest": "worst_correct", "mutant": "nearest_wrong"}


@dataclass(frozen=True)
class RubricQuestion:
    """Hold the title and the points of one question of the handout."""

    id: str
    title: str
    points: float


@dataclass(frozen=True)
class RubricItem:
    """The rubric's entry of one check. `tolerance` is None if the comparison is exact.

    `worst_correct` < `tolerance` < `nearest_wrong`, in the unit of the tolerance. The outer two are
    measured by `authoring verify`: the largest deviation of a correct answer from the reference,
    and the smallest deviation of a known mistake.
    """

    id: str
    points: float
    visible: bool
    tolerance: float | None = None
    worst_correct: float | None = None
    nearest_wrong: float | None = None

    @property
    def question(self) -> str:
        """Return the id of the question that the check belongs to."""
        return self.id.split(".", 1)[0]


@dataclass(frozen=True)
class Rubric:
    """Hold questions and checks in the order of the report; `thresholds[dataset][cell]` in percent.

    A saved model above `plausible[dataset]` percent is flagged for staff. `slips` are the mistakes
    whose cost is capped.
    """

    questions: tuple[RubricQuestion, ...]
    items: Mapping[str, RubricItem]
    thresholds: Mapping[str, Mapping[str, float]]
    ramp: float
    plausible: Mapping[str, float]
    bonus_steps: tuple[tuple[float, float], ...]
    slips: tuple[Slip, ...] = ()

    def credit(self, dataset: str, cell: str, accuracy: float) -> float:
        """Return the share of a saved model's points, 0 to 1, for an accuracy in percent."""
        below = self.thresholds[dataset][cell] - accuracy
        return min(1.0, max(0.0, 1.0 - below / self.ramp))

    @property
    def points(self) -> Mapping[str, float]:
        """Return the most points of each check."""
        return {name: item.points for name, item in self.items.items()}

    def bonus(self, kibibytes: float) -> float:
        """Return the bonus points of question 3 for weights of this size."""
        return max((points for size, points in self.bonus_steps if kibibytes <= size), default=0.0)


def load_rubric(path: Path = RUBRIC) -> Rubric:
    """Read and validate a rubric. Raise `RubricError` if it cannot be used."""
    try:
        text = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RubricError(f"{path} can't be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RubricError(f"{path} is not valid TOML: {error}.") from error
    try:
        rubric = _rubric(text)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RubricError(f"{path} misses or misspells something: {error}.") from error
    _check_sums(rubric, path)
    return rubric


def refuse_mismatch(rubric: Rubric, checks: Iterable[str]) -> None:
    """Raise `RubricError` unless the rubric names exactly the checks that the kit has."""
    existing = set(checks)
    unknown = sorted(set(rubric.items) - existing)
    forgotten = sorted(existing - set(rubric.items))
    if unknown:
        raise RubricError(f"The rubric gives points to checks that do not exist: {unknown}.")
    if forgotten:
        raise RubricError(f"The rubric forgets checks: {forgotten}. Give each its points.")


def _rubric(text: dict) -> Rubric:
    text = dict(text)
    accuracy = dict(text.pop("accuracy"))
    ramp = float(accuracy.pop("ramp"))
    wanted = {*CELLS, "variable"}
    for dataset, cells in accuracy.items():
        if set(cells) != wanted:
            raise ValueError(f"[accuracy.{dataset}] must name exactly {sorted(wanted)}")
    rubric = Rubric(
        questions=tuple(RubricQuestion(name, **q) for name, q in text.pop("questions").items()),
        items={name: _item(name, item) for name, item in text.pop("checks").items()},
        thresholds={d: {c: float(v) for c, v in cells.items()} for d, cells in accuracy.items()},
        ramp=ramp,
        plausible={dataset: float(v) for dataset, v in text.pop("plausible").items()},
        bonus_steps=tuple((float(s), float(p)) for s, p in text.pop("bonus")["steps"]),
        slips=read_slips(text.pop("slips", {})),
    )
    if rubric.plausible.keys() != rubric.thresholds.keys():
        raise ValueError(f"[plausible] must name exactly {sorted(rubric.thresholds)}")
    if text:
        raise ValueError(f"unknown section {sorted(text)}")
    return rubric


def _item(name: str, values: Mapping[str, Any]) -> RubricItem:
    for old, new in _RENAMED.items():
        if old in values:
            raise ValueError(f'in [checks."{name}"] the field {old} is now called {new}')
    return RubricItem(name, **values)


def _check_sums(rubric: Rubric, path: Path) -> None:
    for question in rubric.questions:
        total = sum(i.points for i in rubric.items.values() if i.question == question.id)
        if not math.isclose(total, question.points):
            raise RubricError(
                f"In {path} the checks of question {question.id} add up to {total:g} points, "
                f"the question says {question.points:g}. Change one of the two."
            )
    names = {question.id for question in rubric.questions}
    for item in rubric.items.values():
        _check_tolerance(item, path)
        if item.question not in names:
            raise RubricError(f"In {path} the check {item.id} belongs to no question.")
        if item.points <= 0:
            raise RubricError(f"In {path} the check {item.id} must be worth more than 0 points.")


def _check_tolerance(item: RubricItem, path: Path) -> None:
    numbers = (item.worst_correct, item.tolerance, item.nearest_wrong)
    if numbers == (None, None, None):
        return
    worst, tolerance, nearest = (-1.0 if number is None else number for number in numbers)
    if not 0 <= worst < tolerance < nearest:
        raise RubricError(
            f"In {path} the check {item.id} needs worst_correct < tolerance < nearest_wrong, all "
            f"three or none; it has {item.worst_correct}, {item.tolerance}, {item.nearest_wrong}. "
            "python -m authoring verify measures the outer two."
        )
