"""The allocation is the best there is, and what layers do to each other is what makes it wrong."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baselines.bit_widths import interaction
from baselines.bit_widths.allocation import Option, allocate, layer_options
from quantlab.formats.packed_model import LAYERS, allowed_bits, counted_bytes


@st.composite
def groups(draw):
    """Up to four groups of up to three options, with whole costs so that sums are exact."""
    option_groups = []
    for number in range(draw(st.integers(1, 4))):
        pairs = st.tuples(st.integers(0, 12), st.integers(0, 9))
        options = draw(st.lists(pairs, min_size=1, max_size=3))
        option_groups.append(
            [
                Option({f"layer{number}": b}, 2 * size, cost)
                for b, (size, cost) in enumerate(options)
            ]
        )
    return option_groups


def best(option_groups, budget):
    """The least cost of all combinations within the budget, by trying each."""
    costs = [
        sum(option.cost for option in chosen)
        for chosen in product(*option_groups)
        if sum(option.bytes for option in chosen) <= budget
    ]
    return min(costs, default=None)


@given(groups(), st.lists(st.integers(0, 100), min_size=1, max_size=4))
def test_allocate_returns_the_least_cost_within_the_budget(option_groups, budgets):
    for budget, widths in zip(budgets, allocate(option_groups, budgets), strict=True):
        if widths is None:
            assert best(option_groups, budget) is None
            continue
        chosen = [group[widths[f"layer{i}"]] for i, group in enumerate(option_groups)]
        assert sum(option.bytes for option in chosen) <= budget
        assert sum(option.cost for option in chosen) == best(option_groups, budget)


def test_allocate_prefers_the_smaller_of_equal_costs():
    options = [Option({"a": 8}, 8, 1.0), Option({"a": 4}, 4, 1.0)]
    assert allocate([options], [10]) == [{"a": 4}]


@pytest.mark.parametrize("cost", [float("nan"), float("inf")])
def test_allocate_refuses_a_cost_that_is_not_finite(cost):
    with pytest.raises(ValueError, match="finite cost"):
        allocate([[Option({"a": 1}, 1, cost)]], [10])


def random_costs(seed):
    """Falling with the width, as those of a network."""
    generator = np.random.default_rng(seed)
    sensitivity = generator.uniform(0.01, 1, len(LAYERS))
    return {
        name: {bits: float(s * 4.0**-bits) for bits in allowed_bits(name)}
        for name, s in zip(LAYERS, sensitivity, strict=True)
    }


def random_cross(seed):
    """Of unit vectors: twice their cosines, zeros on the diagonal."""
    vectors = np.random.default_rng(seed).normal(size=(len(LAYERS), 5)) + 0.5
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cross = 2 * vectors @ vectors.T
    np.fill_diagonal(cross, 0)
    return cross, vectors


def test_allocate_counts_the_scales_of_resnet20_in_the_budget():
    options = layer_options(random_costs(0))
    budgets = [85 * 1024, 42_000, 500, 20]
    allocations = allocate(options, budgets)
    assert [widths is None for widths in allocations] == [False, False, False, True]
    for budget, widths in zip(budgets, allocations, strict=True):
        if widths:
            assert counted_bytes(widths) <= budget
            assert list(widths) == list(LAYERS)
    assert allocations[2]["layer3.1.conv1"] == 0


class Vectors:
    """A network whose divergence is exactly the square of a sum of vectors, one per layer."""

    def __init__(self, costs, vectors):
        self.costs, self.vectors = costs, vectors

    def divergence(self, widths):
        parts = [
            np.sqrt(self.costs[n][b]) * self.vectors[LAYERS.index(n)] for n, b in widths.items()
        ]
        return float(np.square(np.sum(parts, axis=0)).sum())


def test_cross_terms_make_predictions_exact_for_errors_that_are_vectors():
    costs, (cross, vectors) = random_costs(1), random_cross(1)
    simulation = Vectors(costs, vectors)
    assert np.allclose(interaction.cross_terms(simulation, costs), cross)
    widths = {name: 1 + i % 4 for i, name in enumerate(LAYERS)}
    predicted = interaction.predicted(widths, costs, cross)
    assert predicted == pytest.approx(simulation.divergence(widths))
    summed = interaction.additivity(simulation, costs, [widths]).points[0]
    assert summed[1] == pytest.approx(predicted)
    assert summed[0] == pytest.approx(sum(costs[n][b] for n, b in widths.items()))


@pytest.mark.parametrize("seed", range(3))
def test_improve_lowers_the_prediction_within_the_budget(seed):
    costs, (cross, _) = random_costs(seed), random_cross(seed)
    budget = 60 * 1024
    (start,) = allocate(layer_options(costs), [budget])
    improved = interaction.improve(start, costs, cross, budget)
    assert counted_bytes(improved) <= budget
    before, after = (interaction.predicted(widths, costs, cross) for widths in (start, improved))
    assert after < before


def test_improve_keeps_the_additive_optimum_without_cross_terms():
    costs = random_costs(2)
    (start,) = allocate(layer_options(costs), [60 * 1024])
    assert interaction.improve(start, costs, np.zeros((20, 20)), 60 * 1024) == start


def test_additivity_reports_ratio_and_rank():
    additivity = interaction.Additivity(((1.0, 2.0), (2.0, 4.0), (4.0, 8.0)))
    assert additivity.ratio == pytest.approx(2)
    assert additivity.rank == pytest.approx(1)
    assert interaction.Additivity(((1.0, 3.0), (2.0, 2.0), (3.0, 1.0))).rank == pytest.approx(-1)
