"""Distilled images: the loss by hand, statistics by name, and that they approach their targets."""

import pytest
import torch
from torch import nn

from baselines.methods.distilled_images import (
    DistillationSettings,
    distill,
    noise,
    record_norm_inputs,
    statistics_distance,
)
from quantlab.data.images import normalize
from quantlab.network.synthetic_images import to_pixels


class Shortcut(nn.Module):
    """The i-th convolution does not go into the i-th normalization."""

    def __init__(self) -> None:
        super().__init__()
        self.shortcut = nn.Conv2d(3, 3, 1, bias=False)
        self.main = nn.Conv2d(3, 3, 1, bias=False)
        self.main_norm = nn.BatchNorm2d(3)
        self.shortcut_norm = nn.BatchNorm2d(3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.main_norm(self.main(x)) + self.shortcut_norm(self.shortcut(x))


def test_statistics_distance_matches_a_manual_calculation() -> None:
    # One channel of 1 and 3: mean 2, deviation 1; from mean 5 and deviation 3 that is 9 + 4.
    input = torch.tensor([1.0, 3.0]).reshape(2, 1, 1, 1)
    distance = statistics_distance(input, torch.tensor([5.0]), torch.tensor([3.0]))
    assert float(distance) == pytest.approx(13.0, rel=1e-5)


def test_record_norm_inputs_records_what_a_batch_norm_receives() -> None:
    network, x = Shortcut().eval(), torch.randn(2, 3, 4, 4)
    with record_norm_inputs(network) as recorded:
        network(x)
        assert torch.equal(recorded["main_norm"], network.main(x))
        assert torch.equal(recorded["shortcut_norm"], network.shortcut(x))
    assert not network.main_norm._forward_pre_hooks


def test_distill_approaches_the_statistics_and_keeps_the_network(model: nn.Module) -> None:
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    distilled = distill(model, DistillationSettings(images=4, steps=25, side=16))
    assert distilled.losses[-1] < 0.5 * distilled.losses[0]
    assert distilled.images.dtype == torch.uint8
    assert distilled.images.shape == (4, 3, 16, 16)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_distill_repeats_its_images_for_equal_settings(model: nn.Module) -> None:
    plan = DistillationSettings(images=2, steps=3, side=8)
    assert torch.equal(distill(model, plan).images, distill(model, plan).images)


def test_to_pixels_inverts_normalize_for_noise() -> None:
    x = noise(8).clamp(-1.5, 1.5)
    assert float((normalize(to_pixels(x)) - x).abs().max()) < 0.6 / 255 / 0.24


def test_distill_refuses_a_network_without_batch_norm() -> None:
    with pytest.raises(ValueError, match="Distilling needs batch norm statistics"):
        distill(nn.Conv2d(3, 3, 1))
