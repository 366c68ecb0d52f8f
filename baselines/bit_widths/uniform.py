"""One width everywhere, from 8 bits to 1: what every other method has to be better than."""

from collections.abc import Sequence

from torch import Tensor, nn

from quantlab.formats.packed_model import LAYERS, WIDEST, counted_bytes


def uniform(
    model: nn.Module, images: Tensor, budgets: Sequence[int], seed: int
) -> list[dict[str, int]]:
    """The widths that fit the largest budget, the widest first; nothing is looked at."""
    every = [dict.fromkeys(LAYERS, bits) for bits in range(WIDEST, 0, -1)]
    return [widths for widths in every if counted_bytes(widths) <= max(budgets)]
