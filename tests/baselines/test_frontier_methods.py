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


def test_search_methods_have_the_names_of_the_command():
    assert tuple(SEARCH_METHODS) == FRONTIER_METHODS


@pytest.mark.parametrize("name", ["uniform", "greedy", "ZeroQ", "HAWQ-V2", "pairs", "blocks"])
def test_search_methods_fit_the_budgets_and_leave_the_network_unchanged(model, images, quick, name):
    search = SEARCH_METHODS[name].search
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    allocations = search(model, images, BUDGETS, 0)
    assert allocations
    assert all(torch.equal(before[name], current) for name, current in model.state_dict().items())
    for widths in allocations:
        assert list(widths) == list(LAYERS)
        assert all(bits in allowed_bits(layer) for layer, bits in widths.items())
        assert counted_bytes(widths) <= BUDGETS[0]
    if name != "uniform":
        assert [counted_bytes(widths) <= BUDGETS[1] for widths in allocations] == [False, True]


def test_hawq_search_removes_no_layer(model, images, quick):
    narrow = counted_bytes(dict.fromkeys(LAYERS, 1))  # less is not to be had without
    allocations = SEARCH_METHODS["HAWQ-V2"].search(model, images, (narrow, narrow - 1), 0)
    assert allocations == [dict.fromkeys(LAYERS, 1)]


def test_greedy_search_is_repeatable(model, images, quick):
    search = SEARCH_METHODS["greedy"].search
    assert search(model, images, BUDGETS, 0) == search(model, images, BUDGETS, 0)


def test_divergence_is_zero_in_float_and_grows_as_widths_fall(model, images):
    simulation = Simulation(model, images)
    assert simulation.divergence({}) == pytest.approx(0, abs=1e-6)
    divergences = [simulation.divergence(dict.fromkeys(LAYERS, bits)) for bits in (8, 4, 2)]
    assert divergences == sorted(divergences)
    assert divergences[0] < 0.1 * divergences[2]
    assert simulation.evaluations == 4


def test_mean_traces_estimates_the_trace_of_the_fisher_information(model, images):
    """Of the classifier it is known: the mean of |x|^2 sum p (1 - p), over all its weights."""
    features = []
    model.fc.register_forward_pre_hook(lambda _, args: features.append(args[0]))
    with torch.no_grad():
        p = model(normalize(images)).softmax(1)
    exact = float((features[0].square().sum(1) * (p * (1 - p)).sum(1)).mean()) / 640
    trace = hessian.mean_traces(model, images, probes=60, layers=("fc",))["fc"]
    assert trace == pytest.approx(exact, rel=0.25)
