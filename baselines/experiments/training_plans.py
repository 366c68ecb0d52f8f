"""Training plans of the cells of Table 1: epochs, learning rate, and starting point.

At 8 bits the float network is nearly where it should be, and a large rate only undoes the end of
its training. The coarser the grid, the further the weights have to move. W2A2 starts from the
trained W8A2 (progressive quantization, Zhuang et al. 2018): its inputs of 2 bits are learned, and
only the weights of 2 bits remain.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from quantlab.training.recipe import Recipe


@dataclass(frozen=True)
class TrainingPlan:
    """A recipe and its starting point.

    `after` is the cell whose trained network it starts from (None: the float network).
    `flip_kernels` first gives kernels their better sign (`baselines.methods.kernel_signs`).
    """

    recipe: Recipe
    after: str | None = None
    flip_kernels: bool = False

    def record(self) -> dict[str, Any]:
        """Return what decides the result, as JSON values."""
        start = {"after": self.after} if self.after else {}
        flipped = {"oriented": True} if self.flip_kernels else {}
        return {**asdict(self.recipe), **start, **flipped}

    def with_recipe(self, **changes: Any) -> "TrainingPlan":
        """Return this plan with other values in its recipe."""
        return replace(self, recipe=replace(self.recipe, **changes))


def _plan(epochs: int, rate: float = 0.02, **start: Any) -> TrainingPlan:
    recipe = Recipe(epochs, learning_rate=rate, weight_decay=1e-4, warmup_epochs=0.2)
    return TrainingPlan(recipe, **start)


TRAINING_PLANS: Mapping[str, Mapping[str, TrainingPlan]] = {
    "cifar10": {
        "W8A8": _plan(3, 0.002),
        "W4A4": _plan(12),
        "W8A2": _plan(15),
        "W2A8": _plan(15),
        "W2A2": _plan(32, after="W8A2", flip_kernels=True),
    },
    "shapes10": {
        "W8A8": _plan(1),
        "W4A4": _plan(1),
        "W8A2": _plan(2),
        "W2A8": _plan(2),
        "W2A2": _plan(6, after="W8A2", flip_kernels=True),
    },
}
