"""The best allocation of bits within a budget of bytes, exactly, by dynamic programming.

If the harm of quantization adds up over layers (the assumption of ZeroQ, Cai et al. 2020, section
3.3, and of HAWQ-V2, Dong et al. 2020), the best widths solve a multiple-choice knapsack: one option
of each group, total bytes within the budget, least total cost. For B bytes of budget, G groups and
O options each, the table takes B G O steps, some tens of milliseconds for ResNet-20. ZeroQ's paper
describes it; its code was not published.

A group is a layer with its widths, or a block whose two widths belong together.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from quantlab.formats.packed_model import layer_bytes
from quantlab.network.resnet import layer_sizes


@dataclass(frozen=True)
class Option:
    """One choice for a group: the widths of its layers, their bytes, and their cost."""

    bit_widths: Mapping[str, int]
    bytes: int
    cost: float


def layer_options(costs: Mapping[str, Mapping[int, float]]) -> list[list[Option]]:
    """Return each layer as a group of its own, from {layer: {bits: cost}}."""
    sizes = layer_sizes()
    return [
        [Option({name: b}, layer_bytes(sizes[name], b), cost) for b, cost in widths.items()]
        for name, widths in costs.items()
    ]


def allocate(
    groups: Sequence[Sequence[Option]], budgets: Iterable[int]
) -> list[dict[str, int] | None]:
    """Return for each budget in bytes the widths of least total cost, None where none fit.

    Of equal costs, the one of fewer bytes wins, then the earlier option. Raise `ValueError` for a
    group without options, or a cost that is not finite.
    """
    budgets = list(budgets)
    for group in groups:
        if not group or any(not math.isfinite(option.cost) for option in group):
            raise ValueError("Expected options in every group, each with a finite cost.")
    unit = math.gcd(*(option.bytes for group in groups for option in group)) or 1
    table, chosen = _table(groups, max(budgets, default=0) // unit, unit)
    allocations: list[dict[str, int] | None] = []
    for budget in budgets:
        reach = table[: budget // unit + 1] if budget >= 0 else table[:0]
        if not np.isfinite(reach).any():
            allocations.append(None)
            continue
        at, widths = int(reach.argmin()), {}
        for group, choice in zip(reversed(groups), reversed(chosen), strict=True):
            option = group[choice[at]]
            widths.update(option.bit_widths)
            at -= option.bytes // unit
        allocations.append({name: widths[name] for group in groups for name in group[0].bit_widths})
    return allocations


def _table(
    groups: Sequence[Sequence[Option]], most: int, unit: int
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the least cost at each exact number of units, and per group the option used."""
    table = np.full(most + 1, np.inf)
    table[0] = 0.0
    chosen = []
    for group in groups:
        best, choice = np.full(most + 1, np.inf), np.zeros(most + 1, np.int16)
        for number, option in enumerate(group):
            units = option.bytes // unit
            if units > most:
                continue
            cost = table[: most + 1 - units] + option.cost
            better = cost < best[units:]
            best[units:][better] = cost[better]
            choice[units:][better] = number
        table = best
        chosen.append(choice)
    return table, chosen
