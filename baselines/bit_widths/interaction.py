"""How far layers are from adding up, and an allocation that includes pairs of layers.

Additive methods approximate the divergence of the network by the sum of Omega_i. For small errors
the divergence is a square, |sum e_i|^2 in the metric of Fisher's information, and the sum leaves
out its cross terms:

    Omega(b) = sum_i Omega_i + sum_{i<j} c_ij sqrt(Omega_i Omega_j)
    c_ij = (Omega_ij - Omega_i - Omega_j) / sqrt(Omega_i Omega_j)

c_ij, twice the cosine between two layers' errors, is measured once for each of the 190 pairs, both
at `PAIR_BITS`, and used for all widths. Dynamic programming cannot minimize such a cost: the
additive optimum is improved by changing one or two layers at a time as long as that helps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from torch import Tensor, nn
from tqdm import tqdm

from baselines.bit_widths.allocation import allocate, layer_options
from baselines.bit_widths.sensitivity import IMAGES, Costs, divergences
from baselines.bit_widths.simulation import Simulation
from quantlab.formats.packed_model import LAYERS, WIDEST, layer_bytes
from quantlab.network.resnet import layer_sizes

PAIR_BITS = 2
SMALLEST = 1e-9  # nats: a layer that does nothing has no direction


@dataclass(frozen=True)
class Additivity:
    """The summed and the measured divergence of whole networks, in nats."""

    points: tuple[tuple[float, float], ...]

    @property
    def ratio(self) -> float:
        """The geometric mean of measured / summed."""
        summed, measured = np.maximum(np.array(self.points).T, SMALLEST)
        return float(np.exp(np.log(measured / summed).mean()))

    @property
    def rank(self) -> float:
        """Spearman's correlation of summed and measured, which a choice by the sum depends on."""
        summed, measured = (np.argsort(np.argsort(values)) for values in np.array(self.points).T)
        return float(np.corrcoef(summed, measured)[0, 1])


def additivity(
    simulation: Simulation, costs: Costs, allocations: Sequence[Mapping[str, int]]
) -> Additivity:
    """Return the sum of the layers and the measured divergence of each allocation."""
    return Additivity(
        tuple(
            (
                sum(costs[name][bits] for name, bits in widths.items()),
                simulation.divergence(widths),
            )
            for widths in tqdm(allocations, desc="additivity", leave=False)
        )
    )


def measure(model: nn.Module, images: Tensor, budgets: Sequence[int]) -> Additivity:
    """Return the additivity of the allocations within these budgets, on uint8 `images`."""
    simulation = Simulation(model, images[:IMAGES])
    costs = divergences(simulation)
    allocations = [widths for widths in allocate(layer_options(costs), budgets) if widths]
    return additivity(simulation, costs, allocations)


def interacting(
    model: nn.Module, images: Tensor, budgets: Sequence[int], seed: int
) -> list[dict[str, int]]:
    """Return for each budget the widths of least predicted divergence, pairs included."""
    simulation = Simulation(model, images[:IMAGES])
    costs = divergences(simulation)
    cross = cross_terms(simulation, costs)
    additive = allocate(layer_options(costs), budgets)
    return [
        improve(widths, costs, cross, budget)
        for widths, budget in zip(additive, budgets, strict=True)
        if widths
    ]


def cross_terms(simulation: Simulation, costs: Costs, bits: int = PAIR_BITS) -> np.ndarray:
    """Return c, symmetric with zeros on its diagonal, float64 (20, 20)."""
    alone = [max(costs[name][bits], SMALLEST) for name in LAYERS]
    cross = np.zeros((len(LAYERS), len(LAYERS)))
    pairs = list(combinations(range(len(LAYERS)), 2))
    for i, j in tqdm(pairs, desc="pairs", leave=False):
        both = simulation.divergence({LAYERS[i]: bits, LAYERS[j]: bits})
        cross[i, j] = (both - alone[i] - alone[j]) / np.sqrt(alone[i] * alone[j])
        cross[j, i] = cross[i, j]
    return cross


def predicted(widths: Mapping[str, int], costs: Costs, cross: np.ndarray) -> float:
    """Return Omega of these widths by the equation above, in nats."""
    root = np.sqrt([costs[name][widths[name]] for name in LAYERS])
    return float(root @ root + root @ cross @ root / 2)


def improve(
    start: Mapping[str, int], costs: Costs, cross: np.ndarray, budget: int
) -> dict[str, int]:
    """Return a local optimum within `budget` bytes.

    No change of one or two layers predicts a smaller divergence.
    """
    sizes = layer_sizes()
    moves = [(i, bits) for i, name in enumerate(LAYERS) for bits in costs[name]]
    layer, bits = (np.array(part) for part in zip(*moves, strict=True))
    roots = np.sqrt([costs[LAYERS[i]][b] for i, b in moves])
    taken = np.array([layer_bytes(sizes[LAYERS[i]], b) for i, b in moves])
    row = {move: number for number, move in enumerate(moves)}
    now = np.array([row[i, start[name]] for i, name in enumerate(LAYERS)])
    apart = layer[:, None] != layer[None, :]
    for _ in range(len(LAYERS) * (WIDEST + 1)):
        change = roots - roots[now][layer]
        alone = roots**2 - roots[now][layer] ** 2 + change * (cross @ roots[now])[layer]
        harm = alone[:, None] + alone[None, :] + cross[layer][:, layer] * np.outer(change, change)
        more = taken - taken[now][layer]
        fits = taken[now].sum() + more[:, None] + more[None, :] <= budget
        harm = np.where(fits & apart, harm, np.inf)
        first, second = np.unravel_index(int(harm.argmin()), harm.shape)
        if not harm[first, second] < -SMALLEST:
            break
        now[layer[first]], now[layer[second]] = first, second
    return {name: int(bits[now[i]]) for i, name in enumerate(LAYERS)}
