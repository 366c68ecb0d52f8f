"""Greedy: from 8 bits down, always the step that costs least predictions for the bytes it saves.

Measured, not predicted: each step is tried on the network as it is by then, so that what the layers
do to one another counts. Steps that were dear before are tried again only when they come to the
front of the queue (lazy evaluation; Minoux 1978), because a network that has lost more seldom makes
a step cheaper.
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
    """The first widths on the way down that fit each budget, the largest first."""
    simulation = Simulation(model, images[:IMAGES])
    found, left = [], sorted(budgets, reverse=True)
    for widths in _descent(simulation):
        while left and counted_bytes(widths) <= left[0]:
            left.pop(0)
            found.append(widths)
        if not left:
            break
    return found


def _descent(simulation: Simulation) -> Iterator[dict[str, int]]:
    widths, loss, made = dict.fromkeys(LAYERS, WIDEST), 0.0, 0
    yield dict(widths)
    sizes = layer_sizes()
    # (harm per byte saved, layer, its bits then, losses of the network, steps made until then)
    queue: list[tuple[float, str, int, float, int]] = []

    def try_step(name: str) -> None:
        bits = widths[name] - 1
        if bits not in allowed_bits(name):
            return
        then = simulation.divergence({**widths, name: bits})
        saved = layer_bytes(sizes[name], bits + 1) - layer_bytes(sizes[name], bits)
        heapq.heappush(queue, ((then - loss) / saved, name, bits, then, made))

    for name in LAYERS:
        try_step(name)
    while queue:
        _, name, bits, then, when = heapq.heappop(queue)
        if when < made:  # measured on another network than there is now
            try_step(name)
            continue
        widths[name], loss, made = bits, then, made + 1
        yield dict(widths)
        try_step(name)
