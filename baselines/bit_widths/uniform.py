"""One bit width everywhere, from 8 bits to 1: the baseline of every other search."""

from collections.abc import Sequence

from torch import Tensor, nn

from quantlab.formats.packed_model import LAYERS, WIDEST, counted_bytes


def uniform(
    model: nn.Module, images: Tensor, budgets: Sequence[int], seed: int
) -> list[dict[str, int]]:
    """Return the uniform widths that fit the largest budget, the widest first."""
    every = [dict.fromkeys(LAYERS, bits) for bits in range(WIDEST, 0, -1)]
    return [widths for widths in every if counted_bytes(widths) <= max(budgets)]
