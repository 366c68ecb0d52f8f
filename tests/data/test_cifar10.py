"""The real CIFAR-10, where it is at hand: counts and the statistics that `normalize` relies on."""

import pytest
import torch

from quantlab.data.cifar10 import load_cifar10
from quantlab.data.images import IMAGE_MEAN, IMAGE_STD, ImageSet
from quantlab.errors import DataNotFound


@pytest.fixture
def real(monkeypatch, request):
    """load(split) of the real data, or a skip that says why."""
    request.getfixturevalue("miniature")
    monkeypatch.undo()

    def load(split):
        try:
            return load_cifar10(split)
        except DataNotFound as missing:
            pytest.skip(str(missing))

    return load


@pytest.mark.cifar10
@pytest.mark.parametrize(("split", "count"), [("train", 50_000), ("test", 10_000)])
def test_load_cifar10_returns_equally_frequent_classes(real, split, count):
    data: ImageSet = real(split)
    assert len(data) == count
    assert data.labels.bincount().tolist() == [count // 10] * 10


@pytest.mark.cifar10
def test_normalize_uses_the_statistics_of_the_training_images(real):
    images = real("train").images
    values = torch.arange(256, dtype=torch.float64) / 255
    for channel in range(3):
        counts = torch.bincount(images[:, channel].flatten().int(), minlength=256).double()
        mean = (values * counts).sum() / counts.sum()
        std = ((values - mean).square() * counts).sum().div(counts.sum()).sqrt()
        assert abs(mean - IMAGE_MEAN[channel]) < 1e-4
        assert abs(std - IMAGE_STD[channel]) < 1e-4
