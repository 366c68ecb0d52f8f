"""How long, how boldly and from where the cells of Table 1 are trained.

At 8 bits the network is where it should be already, and a large rate only undoes the end of its
training. The coarser the grid, the further the weights have to go. W2A2 goes on where W8A2 arrived
(progressive quantization, Zhuang et al. 2018): inputs of 2 bits have been learned there, and what
is left are weights of 2 bits.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from quantlab.training.recipe import Recipe


@dataclass(frozen=True)
class Plan:
    """A recipe, the cell whose trained network it starts from (None: the float network), and
    whether kernels are turned to their better sign first (`baselines.methods.kernel_signs`)."""

    recipe: Recipe
    after: str | None = None
    oriented: bool = False

    def record(self) -> dict[str, Any]:
        """What decides the outcome, for a row."""
        start = {"after": self.after} if self.after else {}
        turned = {"oriented": True} if self.oriented else {}
        return {**asdict(self.recipe), **start, **turned}

    def changed(self, **changes: Any) -> "Plan":
        """With other values in the recipe."""
        return replace(self, recipe=replace(self.recipe, **changes))


def _plan(epochs: int, rate: float = 0.02, **start: Any) -> Plan:
    recipe = Recipe(epochs, learning_rate=rate, weight_decay=1e-4, warmup_epochs=0.2)
    return Plan(recipe, **start)


PLANS: Mapping[str, Mapping[str, Plan]] = {
    "cifar10": {
        "W8A8": _plan(3, 0.002),
        "W4A4": _plan(12),
        "W8A2": _plan(15),
        "W2A8": _plan(15),
        "W2A2": _plan(32, after="W8A2", oriented=True),
    },
    "shapes10": {
        "W8A8": _plan(1),
        "W4A4": _plan(1),
        "W8A2": _plan(2),
        "W2A8": _plan(2),
        "W2A2": _plan(6, after="W8A2", oriented=True),
    },
}
