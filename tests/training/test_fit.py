"""What one training does: it learns, in the sizes and at the rates that its recipe says."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from quantlab.data.images import ImageSet
from quantlab.evaluation.float_network import evaluate
from quantlab.training.recipe import Recipe
from quantlab.training.trainer import fit


def coloured_images(count):
    """Class k has the brightness 25 k: learnable at once."""
    labels = torch.arange(count) % 10
    pixels = (25 * labels).to(torch.uint8).view(-1, 1, 1, 1).expand(count, 3, 16, 16).clone()
    return ImageSet("Grey", "train", pixels, labels)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 10))


def test_fit_reduces_and_records_the_loss(network):
    recipe = Recipe(epochs=4, batch_size=16, learning_rate=0.3, warmup_epochs=1)
    history = fit(network, coloured_images(160), recipe, device="cpu", progress=False)
    assert [epoch.epoch for epoch in history] == [1, 2, 3, 4]
    assert history[-1].loss < history[0].loss - 0.3
    assert history[-1].train_accuracy > history[0].train_accuracy


def test_fit_trains_its_first_epochs_on_small_images(network):
    sizes = []
    network[0].register_forward_pre_hook(lambda module, args: sizes.append(args[0].shape[-1]))
    recipe = Recipe(epochs=3, batch_size=10, small_epochs=2, small_size=12)
    fit(network, coloured_images(10), recipe, device="cpu", progress=False)
    assert sizes == [12, 12, 16]


def test_fit_trains_each_group_at_its_own_rate(network):
    weight = network[2].weight.detach().clone()
    bias = network[2].bias.detach().clone()
    groups = [
        {"params": [network[2].weight], "lr_scale": 0.0},
        {"params": [network[2].bias]},
    ]
    recipe = Recipe(epochs=1, batch_size=10, warmup_epochs=0)
    fit(network, coloured_images(20), recipe, groups=groups, device="cpu", progress=False)
    assert torch.equal(network[2].weight, weight)
    assert not torch.equal(network[2].bias, bias)


def test_fit_averages_the_last_epochs_over_all_their_steps(network):
    """At a rate that stays; batch normalization is taken anew with the mean of the weights."""
    network.insert(2, nn.BatchNorm1d(3))
    weights, rates = [], []
    step = torch.optim.SGD.step

    def noted(optimizer):
        step(optimizer)
        rates.append(optimizer.param_groups[0]["lr"])
        weights.append(network[3].weight.detach().clone())

    recipe = Recipe(4, batch_size=16, learning_rate=0.3, warmup_epochs=1, averaged_epochs=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim.SGD, "step", noted)
        fit(network, coloured_images(80), recipe, device="cpu", progress=False)
    assert len(set(rates[10:])) == 1
    assert 0.1 < rates[10] < rates[5]
    torch.testing.assert_close(network[3].weight, torch.stack(weights[10:]).mean(0))
    assert network[2].num_batches_tracked == 5


def test_fit_warms_the_rate_up_and_ends_near_zero(network):
    rates = []
    step = torch.optim.SGD.step

    def noted(optimizer):
        step(optimizer)
        rates.append(optimizer.param_groups[0]["lr"])

    recipe = Recipe(4, batch_size=16, learning_rate=0.3, warmup_epochs=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim.SGD, "step", noted)
        fit(network, coloured_images(80), recipe, device="cpu", progress=False)
    assert len(rates) == 20  # five steps an epoch
    assert rates[0] == 0
    assert max(rates) == rates[5] == 0.3
    assert rates[5:] == sorted(rates[5:], reverse=True)
    assert rates[-1] < 0.01


def test_fit_refuses_too_few_images_for_a_batch(network):
    with pytest.raises(ValueError, match=r"The 10 images of Grey \(train\) do not fill one batch"):
        fit(network, coloured_images(10), Recipe(epochs=1, batch_size=11), progress=False)


def test_recipe_refuses_to_average_more_epochs_than_it_has():
    with pytest.raises(ValueError, match="expected 0 to 2, got"):
        Recipe(epochs=2, averaged_epochs=3)


@pytest.mark.parametrize("nonsense", [{"epochs": -1}, {"batch_size": 0}, {"learning_rate": 0.0}])
def test_recipe_refuses_impossible_values(nonsense):
    with pytest.raises(ValueError, match="A training needs at least"):
        Recipe(**{"epochs": 1, **nonsense})


@pytest.mark.parametrize(
    ("nonsense", "sentence"),
    [
        ({"label_smoothing": 1.0}, "Label smoothing 1"),
        ({"average_decay": 1.0}, "average decay 1"),
        ({"mixup": -0.1}, "mixup -0.1"),
        ({"average_decay": 0.9, "averaged_epochs": 1}, "choose one"),
    ],
)
def test_recipe_refuses_values_out_of_range(nonsense, sentence):
    with pytest.raises(ValueError, match=sentence):
        Recipe(**{"epochs": 1, **nonsense})


def test_fit_smooths_the_labels_of_its_own_loss(network):
    images, recipe = coloured_images(160), Recipe(3, batch_size=16, learning_rate=0.3)
    smoothed = fit(
        network, images, replace(recipe, label_smoothing=0.5), device="cpu", progress=False
    )
    smallest = 0.55 * math.log(1 / 0.55) + 9 * 0.05 * math.log(1 / 0.05)  # the entropy of a label
    assert all(epoch.loss > smallest for epoch in smoothed)


def test_fit_returns_the_moving_average_of_weights_and_statistics(network):
    network.insert(2, nn.BatchNorm1d(3))
    states = []
    step = torch.optim.SGD.step

    def noted(optimizer):
        step(optimizer)
        states.append(
            {name: value.detach().clone() for name, value in network.state_dict().items()}
        )

    recipe = Recipe(2, batch_size=16, learning_rate=0.3, warmup_epochs=0, average_decay=0.75)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim.SGD, "step", noted)
        fit(network, coloured_images(80), recipe, device="cpu", progress=False)
    for name in ("3.weight", "2.running_mean"):
        expected = states[0][name]
        for state in states[1:]:
            expected = 0.75 * expected + 0.25 * state[name]
        torch.testing.assert_close(network.state_dict()[name], expected)
        assert not torch.allclose(network.state_dict()[name], states[-1][name])


def test_fit_validates_the_moving_average(network):
    images = coloured_images(80)
    recipe = Recipe(1, batch_size=16, learning_rate=0.3, warmup_epochs=0, average_decay=0.999)
    (epoch,) = fit(network, images, recipe, validation=images, device="cpu", progress=False)
    assert evaluate(network, images, device="cpu") == epoch.validation_accuracy


def test_fit_reports_each_epoch(network):
    lengths = []
    fit(
        network,
        coloured_images(20),
        Recipe(3, batch_size=10),
        device="cpu",
        progress=False,
        report=lambda history: lengths.append(len(history)),
    )
    assert lengths == [1, 2, 3]


def test_fit_learns_from_mixed_images(network):
    recipe = Recipe(
        6, batch_size=16, learning_rate=0.3, warmup_epochs=1, mixup=0.2, unmixed_epochs=2
    )
    history = fit(network, coloured_images(160), recipe, device="cpu", progress=False)
    assert history[-1].loss < history[0].loss - 0.3
