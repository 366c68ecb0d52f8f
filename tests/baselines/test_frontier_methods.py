"""Every search gives each layer a width, within its budgets; measures are what they say."""

import pytest
import torch

from baselines.bit_widths import block_sensitivity, greedy, hessian, interaction, sensitivity
from baselines.bit_widths.search_methods import SEARCH_METHODS
from baselines.bit_widths.simulation import Simulation
from baselines.cli import FRONTIER_METHODS
from baselines.methods.reconstruction import ReconstructionSchedule
from quantlab.data.images import normalize
from quantlab.formats.packed_model import LAYERS, allowed_bits, counted_bytes

BUDGETS = [70 * 1024, 40 * 1024]


@pytest.fixture
def quick(monkeypatch):
    """Few images, few steps."""
    for module in (greedy, sensitivity, hessian, interaction, block_sensitivity):
        monkeypatch.setattr(module, "IMAGES", 6)
    monkeypatch.setattr(hessian, "PROBES", 1)
    monkeypatch.setattr(sensitivity, "DISTILLED", 4)
    monkeypatch.setattr(sensitivity, "DISTILLATION_STEPS", 1)
    monkeypatch.setattr(
        block_sensitivity, "PLAN", ReconstructionSchedule(steps=1, views=1, batch=4)
    )


def test_the_names_of_the_command_are_those_of_the_methods():
    assert tuple(SEARCH_METHODS) == FRONTIER_METHODS


@pytest.mark.parametrize("name", ["uniform", "greedy", "ZeroQ", "HAWQ-V2", "pairs", "blocks"])
def test_widths_fit_the_budgets(model, images, quick, name):
    search = SEARCH_METHODS[name].search
    found = search(model, images, BUDGETS, 0)
    assert found
    for widths in found:
        assert list(widths) == list(LAYERS)
        assert all(bits in allowed_bits(layer) for layer, bits in widths.items())
        assert counted_bytes(widths) <= BUDGETS[0]
    if name != "uniform":
        assert [counted_bytes(widths) <= BUDGETS[1] for widths in found] == [False, True]


def test_curvature_removes_no_layer(model, images, quick):
    narrow = counted_bytes(dict.fromkeys(LAYERS, 1))  # less is not to be had without
    found = SEARCH_METHODS["HAWQ-V2"].search(model, images, (narrow, narrow - 1), 0)
    assert found == [dict.fromkeys(LAYERS, 1)]


def test_a_search_is_repeatable(model, images, quick):
    search = SEARCH_METHODS["greedy"].search
    assert search(model, images, BUDGETS, 0) == search(model, images, BUDGETS, 0)


def test_divergence_is_zero_in_floating_point_and_grows_as_widths_fall(model, images):
    simulation = Simulation(model, images)
    assert simulation.divergence({}) == pytest.approx(0, abs=1e-6)
    found = [simulation.divergence(dict.fromkeys(LAYERS, bits)) for bits in (8, 4, 2)]
    assert found == sorted(found)
    assert found[0] < 0.1 * found[2]
    assert simulation.evaluations == 4


def test_the_network_that_is_searched_stays_as_it_is(model, images, quick):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    SEARCH_METHODS["blocks"].search(model, images, BUDGETS, 0)
    assert all(torch.equal(before[name], one) for name, one in model.state_dict().items())


def test_the_trace_is_that_of_fishers_information(model, images):
    """Of the classifier it is known: the mean of |x|^2 sum p (1 - p), over all its weights."""
    features = []
    model.fc.register_forward_pre_hook(lambda _, args: features.append(args[0]))
    with torch.no_grad():
        p = model(normalize(images)).softmax(1)
    exact = float((features[0].square().sum(1) * (p * (1 - p)).sum(1)).mean()) / 640
    found = hessian.mean_traces(model, images, probes=60, layers=("fc",))["fc"]
    assert found == pytest.approx(exact, rel=0.25)
