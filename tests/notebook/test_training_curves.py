"""The curves follow a real training, and leave it as it is."""

from types import SimpleNamespace

import pytest
import torch

from instructor import solution
from quantlab.data.images import ImageSet
from quantlab.evaluation.float_network import evaluate
from quantlab.notebook.training_curves import TrainingCurves
from quantlab.training import fine_tuning
from quantlab.training.fine_tuning import CellPlan, fine_tune

PLAN = CellPlan(epochs=2, learning_rate=0.01, batch=12)


@pytest.fixture
def train(pixels, monkeypatch):
    monkeypatch.setattr(fine_tuning, "calibration_images", lambda images: images.images)
    monkeypatch.setattr(fine_tuning, "STATISTICS_IMAGES", 24)
    return ImageSet("Blocks", "train", pixels, torch.arange(24) % 10)


class Recorder:
    """What `LiveCurves` would draw."""

    def __init__(self) -> None:
        self.points: list[tuple[int, bool]] = []
        self.finished = False

    def add(self, step, loss, accuracy=None) -> None:
        assert loss > 0
        self.points.append((step, accuracy is not None))

    def finish(self) -> None:
        self.finished = True


def test_training_curves_receive_all_losses_and_an_accuracy_per_epoch(
    float_model, train, tmp_path
) -> None:
    recorder = Recorder()
    session = SimpleNamespace(
        fast=True,
        held_out=train.subset(torch.arange(6)),
        accuracy=lambda network, images: evaluate(network, images, 6, "cpu"),
    )
    curves = TrainingCurves(session, "W4A4, sym", recorder)
    arguments = (float_model, solution, "W4A4", "sym", train, PLAN)
    followed = fine_tune(
        *arguments,
        tmp_path / "followed",
        watch=curves.watch,
        after_epoch=curves.after_epoch,
    )
    curves.finish()
    steps = [(1, False), (2, False), (2, True), (3, False), (4, False), (4, True)]
    assert recorder.points == steps
    assert recorder.finished
    alone = fine_tune(*arguments, tmp_path / "alone")
    for name, tensor in alone.state_dict().items():
        assert torch.equal(followed.state_dict()[name], tensor), name


def test_training_curves_are_empty_for_a_finished_training() -> None:
    recorder = Recorder()
    held_out = ImageSet("Blocks", "train", torch.zeros(2, 3, 32, 32), torch.zeros(2))
    curves = TrainingCurves(SimpleNamespace(fast=True, held_out=held_out), "W4A4", recorder)
    curves.after_epoch(torch.nn.Identity())
    curves.finish()
    assert recorder.points == []
