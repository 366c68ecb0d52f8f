"""Accuracy is the share of right answers, and measuring it changes nothing."""

import pytest
import torch
from torch import nn

from quantlab.data.images import ImageSet
from quantlab.evaluation.float_network import evaluate


class AlwaysThree(nn.Module):
    """Says class 3 whatever it sees; remembers the mode it was asked in."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(3)
        self.modes = []

    def forward(self, x):
        self.modes.append(self.training)
        self.norm(x)
        return torch.eye(10)[3].expand(len(x), 10)


@pytest.fixture
def images():
    pixels = torch.full((25, 3, 8, 8), 200, dtype=torch.uint8)
    return ImageSet("Flat", "test", pixels, torch.tensor([3] * 7 + [1] * 18))


@pytest.mark.parametrize("batch_size", [1, 10, 25, 500])
def test_evaluate_counts_every_image_once(images, batch_size):
    assert evaluate(AlwaysThree(), images, batch_size, device="cpu") == 28.0


@pytest.mark.parametrize("training", [True, False])
def test_evaluate_keeps_the_mode_and_the_statistics(images, training):
    model = AlwaysThree().train(training)
    statistics = model.norm.running_mean.clone()
    evaluate(model, images, device="cpu")
    assert model.modes == [False]
    assert model.training is training
    assert torch.equal(model.norm.running_mean, statistics)
