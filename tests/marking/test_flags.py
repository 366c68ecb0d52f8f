"""A model that is better than such a network can be is shown to staff, and costs nothing."""

import pytest

from quantlab.intake.submission import Submission


@pytest.mark.parametrize(("accuracy", "flagged"), [(94.99, False), (95.0, False), (95.01, True)])
def test_grade_submission_flags_an_implausible_accuracy(marked, evaluator, accuracy, flagged):
    evaluator.accuracies = {b"a model": accuracy}
    report = marked(Submission("ada", models={"ResNet20_W4A4.pt": b"a model"}))
    check = next(c for c in report.checks if c.id == "2d.model.W4A4")
    assert check.points == check.max_points
    assert bool(report.flags) is flagged
    if flagged:
        assert "ResNet20_W4A4.pt has 95.01 %" in report.flags[0]
