"""Learned step sizes: where they start, which way they are pushed, and what is saved of them."""

import copy

import pytest
import torch

from instructor.lsq import (
    LearnedStep,
    learned_step_network,
    least_error_step,
    parameter_groups,
    restore_statistics,
    saved_model,
)
from quantlab.checkpoint import LAYERS, parse_name
from quantlab.images import normalize
from quantlab.inference import IntegerResNet20
from quantlab.resnet import resnet20


@pytest.fixture(scope="module")
def images():
    generator = torch.Generator().manual_seed(2)
    return torch.randint(0, 256, (24, 3, 32, 32), dtype=torch.uint8, generator=generator)


@pytest.fixture(scope="module")
def network(images):
    """A random ResNet-20 whose statistics fit the images."""
    torch.manual_seed(3)
    model = resnet20()
    restore_statistics(model, [(normalize(images), torch.zeros(24))])
    return model


def test_fake_quantization_rounds_and_clips():
    quantizer = LearnedStep(0.5, 0, 3)
    x = torch.tensor([-1.0, 0.2, 0.3, 0.8, 1.4, 1.6, 9.0])
    expected = torch.tensor([0, 0, 0.5, 1.0, 1.5, 1.5, 1.5])
    assert torch.equal(quantizer.fake_quantize(x, 7), expected)
    assert torch.equal(quantizer.codes(x) * 0.5, expected)


def test_the_gradient_of_a_step_is_equation_3_of_the_paper():
    quantizer = LearnedStep(0.5, -2, 1)
    x = torch.tensor([-3.0, -0.6, 0.1, 0.4, 2.0], requires_grad=True)
    quantizer.fake_quantize(x, 5).sum().backward()
    inside = torch.tensor([-1 + 1.2, 0 - 0.2, 1 - 0.8])  # x_int - x / s
    expected = (-2 + inside.sum() + 1) / 5**0.5
    assert torch.allclose(quantizer.step.grad, expected, atol=1e-5)
    assert x.grad.tolist() == [0, 1, 1, 1, 0]


def test_a_step_pushed_below_zero_still_quantizes():
    quantizer = LearnedStep(-0.5, -2, 1)
    assert torch.equal(quantizer.codes(torch.tensor([0.5, -1.0])), torch.tensor([1, -2]))
    assert quantizer.scale.tolist() == [0.5]


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_the_first_step_has_the_least_error(bits):
    weight = torch.randn(1000, generator=torch.Generator().manual_seed(bits))
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1

    def error(step):
        return float(((weight / step).round().clamp(low, high) * step - weight).square().sum())

    best = least_error_step(weight, low, high)
    # The grid of candidates is finer than 1 % of the range without clipping.
    assert all(error(best) <= 1.02 * error(best * factor) for factor in (0.8, 0.9, 1.1, 1.25))


@pytest.mark.parametrize("name", ["ResNet20_W8A8.pt", "ResNet20_W2A4.pt"])
def test_the_saved_codes_compute_what_was_trained(network, images, name):
    weight_bits, act_bits = parse_name(name)
    model = learned_step_network(network, weight_bits, act_bits, images)
    model.eval()
    saved = saved_model(model, "Noise", weight_bits, act_bits)
    assert list(saved.layers) == list(LAYERS)
    with torch.no_grad():
        trained = model(normalize(images)).argmax(1)
    # A rounding of one activation may fall the other way, so not every image need agree.
    agreeing = (IntegerResNet20(saved).predict(images) == trained).float().mean()
    assert agreeing > 0.9


def test_a_network_keeps_what_it_was_made_from(network, images):
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    model = learned_step_network(network, 2, 2, images)
    restore_statistics(model, [(normalize(images), torch.zeros(24))])
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_every_parameter_is_trained_once_and_steps_do_not_decay(network, images):
    model = learned_step_network(network, 4, 4, images)
    decaying, rest = parameter_groups(model)
    together = [id(parameter) for parameter in decaying["params"] + rest["params"]]
    assert sorted(together) == sorted(id(parameter) for parameter in model.parameters())
    steps = {id(p) for name, p in model.named_parameters() if name.endswith(".step")}
    assert len(steps) == 2 * len(LAYERS)
    assert steps <= {id(parameter) for parameter in rest["params"]}
    assert rest["weight_decay"] == 0


def test_restored_statistics_are_those_of_all_batches_together(network):
    network = copy.deepcopy(network)
    generator = torch.Generator().manual_seed(4)
    batches = [torch.randn(8, 3, 32, 32, generator=generator) for _ in range(3)]
    restore_statistics(network, [(batch, torch.zeros(8)) for batch in batches])
    with torch.no_grad():
        first = network.conv1(torch.cat(batches))
    assert torch.allclose(network.bn1.running_mean, first.mean((0, 2, 3)), atol=1e-4)
    assert network.bn1.momentum == 0.1
    assert not network.training
