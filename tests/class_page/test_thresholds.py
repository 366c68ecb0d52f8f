"""What another threshold would change agrees with the rubric, student by student."""

from dataclasses import replace

import pytest

from autograder.course.manual_scores import ManualScore
from autograder.course.outputs.threshold_tables import movement_text, size_rows
from autograder.course.policy import Policy, apply_manual_scores, apply_policy
from autograder.course.reference_results import ReferenceNumbers
from autograder.course.statistics import VariableNetwork, summarize
from autograder.course.thresholds import (
    Movement,
    SizeSteps,
    Threshold,
    accuracy_thresholds,
    size_steps,
)
from tests.class_outputs.people import RUBRIC, a_class


def test_threshold_moves_students_along_the_ramp() -> None:
    row = Threshold("W2A2", 5.0, 84.0, 3.0, (80.0, 82.5, 83.4, 84.0, 90.0))
    assert row.movement(-1.0) == Movement(2, pytest.approx((5 / 3 + 1) / 2), 0, 0.0)
    lower = row.movement(1.0)
    assert (lower.gaining, lower.losing) == (0, 3)
    assert lower.loss == pytest.approx(5 / 3)
    assert row.movement(0.0) == Movement()


def test_threshold_of_question_3_moves_points_and_bonus_strictly_above() -> None:
    row = Threshold("Question 3", 15.0, 85.0, 0.0, (84.5, 85.0, 86.0), (2.0, 1.0, 0.0))
    assert row.movement(-0.5) == Movement(1, 16.0)
    assert row.movement(-1.0) == Movement(2, 16.5)
    assert row.movement(1.0) == Movement(0, 0.0, 1, 15.0)


def test_accuracy_thresholds_agree_with_the_rubric_for_every_student() -> None:
    record = a_class(60)
    scores = apply_policy(record, Policy(), {})
    networks = summarize(record, scores, ReferenceNumbers()).sizes
    rows = accuracy_thresholds(record, scores, networks, RUBRIC, "cifar10")
    assert [row.cell for row in rows] == ["W8A8", "W4A4", "W8A2", "W2A8", "W2A2", "Question 3"]
    moved = replace(RUBRIC, thresholds={"cifar10": {**RUBRIC.thresholds["cifar10"], "W4A4": 89.2}})
    (row,) = [row for row in rows if row.cell == "W4A4"]
    differences = [
        5 * (moved.credit("cifar10", "W4A4", a) - RUBRIC.credit("cifar10", "W4A4", a))
        for a in row.accuracies
    ]
    gains = [difference for difference in differences if difference > 0]
    assert len(gains) > 5
    assert row.movement(-0.8).gaining == len(gains)
    assert row.movement(-0.8).gain == pytest.approx(sum(gains) / len(gains))


def test_accuracy_thresholds_leave_out_manual_scores() -> None:
    record = a_class(8)
    student = record.outcomes[0].entry.student
    manual = {(student, "2d.model.W8A8"): ManualScore(5.0)}
    scores = apply_policy(record, Policy(), manual)
    rows = accuracy_thresholds(apply_manual_scores(record, scores), scores, (), RUBRIC, "cifar10")
    counts = {row.cell: len(row.accuracies) for row in rows}
    assert (counts["W8A8"], counts["W4A4"]) == (7, 8)


def test_accuracy_thresholds_are_empty_for_an_unknown_data_set() -> None:
    assert accuracy_thresholds(a_class(3), (), (), RUBRIC, "other") == ()


def test_size_steps_count_networks_above_the_floor_and_sum_the_bonus() -> None:
    networks = [
        VariableNetwork("a", 99.0, 86.0, ("a",)),
        VariableNetwork("b", 130.0, 86.0, ("b", "c")),
        VariableNetwork("d", 40.0, 84.0, ("d",)),
    ]
    steps = size_steps(networks, RUBRIC, "cifar10")
    assert steps.sizes == (99.0, 130.0, 130.0)
    assert (steps.reached(131.2), steps.reached(131.2, -5.0), steps.reached(98.4, 5.0)) == (3, 1, 1)
    assert steps.movement(5.0) == Movement(1, 1.0)
    assert steps.movement(-5.0) == Movement(0, 0.0, 2, 1.0)
    assert size_rows(SizeSteps(RUBRIC.bonus_steps, (50.0,)))[0].changes == ("1", "1", "1", "1")


def test_movement_text_names_both_directions() -> None:
    assert movement_text(Movement()) == "–"
    assert movement_text(Movement(12, 1.0, 3, 0.25)) == "12 gain 1.00, 3 lose 0.25"
