"""Compute what another threshold would change, from the measured accuracies of a class.

A saved model of question 2d earns all points at its threshold and none `ramp` points below it. The
network of question 3 earns its points, and the bonus of its size, above the floor. Scores are
compared before deductions for lateness. Checks with a manual score keep it and are left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from autograder.course.class_record import ClassRecord
from autograder.course.manual_scores import AUTOMATIC
from autograder.course.policy import FinalScore
from autograder.course.statistics import VariableNetwork
from autograder.engine.rubric import Rubric
from quantlab.paths import CELLS

FLOOR_CHECK = "3.bit_widths.accuracy"
CHANGES = (-2.0, -1.0, 1.0, 2.0)  # percentage points
SIZE_CHANGES = (-10.0, -5.0, 5.0, 10.0)  # percent of a size


@dataclass(frozen=True)
class Movement:
    """Hold how many students gain and lose, and how many points on average."""

    gaining: int = 0
    gain: float = 0.0
    losing: int = 0
    loss: float = 0.0


@dataclass(frozen=True)
class Threshold:
    """Hold one threshold in percent and the accuracies that it decides, one per student.

    `points` are those of the check. `ramp` is the distance in which they fall to 0; with 0 only
    accuracies above the threshold earn them. `bonuses[i]` is what accuracy `i` adds above it.
    """

    cell: str
    points: float
    threshold: float
    ramp: float
    accuracies: tuple[float, ...]
    bonuses: tuple[float, ...] = ()

    def credit(self, index: int, threshold: float) -> float:
        """Return the points that accuracy `index` earns at a threshold."""
        accuracy = self.accuracies[index]
        if self.ramp:
            share = min(1.0, max(0.0, 1.0 - (threshold - accuracy) / self.ramp))
            return self.points * share
        bonus = self.bonuses[index] if self.bonuses else 0.0
        return self.points + bonus if accuracy > threshold else 0.0

    def movement(self, change: float) -> Movement:
        """Return who gains and loses if the threshold moves by `change` percentage points."""
        after = self.threshold + change
        return _movement(
            [
                self.credit(index, after) - self.credit(index, self.threshold)
                for index in range(len(self.accuracies))
            ]
        )


@dataclass(frozen=True)
class SizeSteps:
    """Hold the steps (KiB, bonus) of question 3 and the sizes of the networks above the floor."""

    steps: tuple[tuple[float, float], ...]
    sizes: tuple[float, ...]

    def reached(self, step: float, change: float = 0.0) -> int:
        """Return how many networks are at most as large as a step that changes by percent."""
        return sum(size <= step * (1 + change / 100) for size in self.sizes)

    def movement(self, change: float) -> Movement:
        """Return who gains and loses bonus points if all steps change by percent."""
        return _movement(
            [self._bonus(size, change) - self._bonus(size, 0.0) for size in self.sizes]
        )

    def _bonus(self, size: float, change: float) -> float:
        factor = 1 + change / 100
        return max((bonus for step, bonus in self.steps if size <= step * factor), default=0.0)


def accuracy_thresholds(
    record: ClassRecord,
    scores: Sequence[FinalScore],
    networks: Sequence[VariableNetwork],
    rubric: Rubric,
    dataset: str,
) -> tuple[Threshold, ...]:
    """Return the thresholds of question 2d and the floor of question 3, without empty ones.

    `dataset` is the name of a data set in the rubric, `networks` are those of question 3.
    """
    levels = rubric.thresholds.get(dataset, {})
    manual = {score.member: score.manual for score in scores}
    rows = []
    for cell in CELLS if levels else ():
        check = f"2d.model.{cell}"
        accuracies = sorted(_accuracies(record, cell, check, manual))
        rows.append(
            Threshold(cell, rubric.points[check], levels[cell], rubric.ramp, tuple(accuracies))
        )
    if levels:
        own = sorted(
            (network.accuracy, rubric.bonus(network.kibibytes))
            for network in networks
            for member in network.members
            if not _is_manual(FLOOR_CHECK, manual.get(member, {}))
        )
        rows.append(
            Threshold(
                "Question 3",
                rubric.points[FLOOR_CHECK],
                levels["variable"],
                0.0,
                tuple(accuracy for accuracy, _ in own),
                tuple(bonus for _, bonus in own),
            )
        )
    return tuple(row for row in rows if row.accuracies)


def size_steps(networks: Sequence[VariableNetwork], rubric: Rubric, dataset: str) -> SizeSteps:
    """Return the bonus steps and the sizes of networks above the floor, one per student."""
    floor = rubric.thresholds.get(dataset, {}).get("variable", 0.0)
    sizes = sorted(n.kibibytes for n in networks for _ in n.members if n.accuracy > floor)
    return SizeSteps(rubric.bonus_steps, tuple(sizes))


def _accuracies(
    record: ClassRecord,
    cell: str,
    check: str,
    manual: Mapping[str, Mapping[str, object]],
) -> Iterator[float]:
    for outcome in record.outcomes:
        for model in outcome.report.models if outcome.report else ():
            if f"W{model.weight_bits}A{model.act_bits}" != cell or model.accuracy is None:
                continue
            counted = model.interval[1] if model.interval else model.accuracy
            for member in outcome.entry.members:
                if not _is_manual(check, manual.get(member, {})):
                    yield round(counted, 2)


def _is_manual(check: str, manual: Mapping[str, object]) -> bool:
    return check in manual or AUTOMATIC + check.split(".", 1)[0] in manual


def _movement(differences: Sequence[float]) -> Movement:
    gains = [difference for difference in differences if difference > 1e-9]
    losses = [-difference for difference in differences if difference < -1e-9]
    return Movement(
        len(gains),
        sum(gains) / len(gains) if gains else 0.0,
        len(losses),
        sum(losses) / len(losses) if losses else 0.0,
    )
