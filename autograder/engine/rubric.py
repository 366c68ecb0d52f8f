"""Read and validate `rubric.toml`.

A rubric whose points do not add up, with a misspelled key, or with an unknown check is refused
before anything is graded.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from autograder.engine.slips import Slip, refuse_repeated
from autograder.errors import RubricError
from autograder.toml_reader import FilledText, in_file, read_toml
from quantlab.paths import CELLS

RUBRIC = Path(__file__).with_name("rubric.toml")
Points = Annotated[float, msgspec.Meta(gt=0, description="a number above 0")]
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

    The report shows all of a `visible` check. A `public` one is hidden there, but students get a
    check of the same kind on other inputs.

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
    public: bool = False

    @property
    def is_public(self) -> bool:
        """Return whether students get a public check of this kind, on other inputs."""
        return self.visible or self.public

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


class _Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: FilledText
    points: Points


class _Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    points: Points
    visible: bool
    tolerance: float | None = None
    worst_correct: float | None = None
    nearest_wrong: float | None = None
    public: bool = False


class _Accuracy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ramp: Points
    cifar10: dict[str, float]
    shapes10: dict[str, float]


class _Bonus(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    steps: tuple[tuple[float, float], ...]


class _Slip(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mistake: FilledText
    mutants: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, description="a list of mutants")]
    cap: Points
    reason: FilledText


class _RubricFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    questions: dict[str, _Question]
    checks: dict[str, _Check]
    accuracy: _Accuracy
    plausible: dict[str, float]
    bonus: _Bonus
    slips: dict[str, _Slip] = {}


def load_rubric(path: Path = RUBRIC) -> Rubric:
    """Read and validate a rubric. Raise `RubricError` if it cannot be used."""
    file = read_toml(path, _RubricFile, RubricError, _RENAMED)
    thresholds = {"cifar10": file.accuracy.cifar10, "shapes10": file.accuracy.shapes10}
    for dataset, cells in thresholds.items():
        if set(cells) != {*CELLS, "variable"}:
            wanted = ", ".join((*CELLS, "variable"))
            raise RubricError(in_file(path, f"accuracy.{dataset} must have exactly {wanted}"))
    if file.plausible.keys() != thresholds.keys():
        raise RubricError(in_file(path, f"plausible must have exactly {', '.join(thresholds)}"))
    rubric = Rubric(
        questions=tuple(RubricQuestion(id, q.title, q.points) for id, q in file.questions.items()),
        items={id: RubricItem(id, **msgspec.structs.asdict(c)) for id, c in file.checks.items()},
        thresholds=thresholds,
        ramp=file.accuracy.ramp,
        plausible=file.plausible,
        bonus_steps=file.bonus.steps,
        slips=tuple(Slip(name, **msgspec.structs.asdict(s)) for name, s in file.slips.items()),
    )
    _check_sums(rubric, path)
    try:
        refuse_repeated(rubric.slips)
    except ValueError as error:
        raise RubricError(in_file(path, str(error))) from error
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
