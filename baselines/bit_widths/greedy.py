"""Greedy search: from 8 bits down, always the step of least harm per saved byte.

Harm is measured on the network of the moment, so that the interaction of layers counts. Expensive
steps are measured again only when they reach the front of the queue (lazy evaluation; Minoux 1978),
because a step seldom becomes cheaper in a network that has lost more.
"""

import heapq
from collections.abc import Iterator, Sequence

from torch import Tensor, nn

from baselines.bit_widths.simulation import Simulation
from quantlab.formats.packed_model import LAYERS, WIDEST, allowed_bits, counted_bytes, layer_bytes
from quantlab.network.resnet import layer_sizes

IMAGES = 256


def greedy(
    model: nn.Module, images: Tensor, budgets: Sequence[int], seed: int
) -> list[dict[str, int]]:
    """Return the first widths on the way down that fit each budget, the largest first."""
    simulation = Simulation(model, images[:IMAGES])
    results, left = [], sorted(budgets, reverse=True)
    for widths in _descent(simulation):
        while left and counted_bytes(widths) <= left[0]:
            left.pop(0)
            results.append(widths)
        if not left:
            break
    return results


def _descent(simulation: Simulation) -> Iterator[dict[str, int]]:
    """Yield the widths after each step, starting at the widest."""
    widths, loss, steps = dict.fromkeys(LAYERS, WIDEST), 0.0, 0
    yield dict(widths)
    sizes = layer_sizes()
    # (harm per saved byte, layer, its bits then, loss then, steps before the measurement)
    queue: list[tuple[float, str, int, float, int]] = []

    def try_step(name: str) -> None:
        bits = widths[name] - 1
        if bits not in allowed_bits(name):
            return
        then = simulation.divergence({**widths, name: bits})
        saved = layer_bytes(sizes[name], bits + 1) - layer_bytes(sizes[name], bits)
        heapq.heappush(queue, ((then - loss) / saved, name, bits, then, steps))

    for name in LAYERS:
        try_step(name)
    while queue:
        _, name, bits, then, when = heapq.heappop(queue)
        if when < steps:  # measured on an earlier network
            try_step(name)
            continue
        widths[name], loss, steps = bits, then, steps + 1
        yield dict(widths)
        try_step(name)
