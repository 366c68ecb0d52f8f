"""Every method of the frontier behind one function, and how its widths become a model.

    search(model, images, budgets, seed) -> [{layer: bits}, ...]

looks at the float network and at most 1,024 images without labels, and gives widths for some or all
of the budgets (bytes), the larger ones first. `finish` makes codes of them after training:

* "statistics": scales of least squared error, then the statistics of batch normalization anew;
* "blocks": block reconstruction (`baselines.bit_widths.mixed_reconstruction`), a minute or two of
one core.

`FINE_TUNED` is no search: its widths are given, and are trained. The same arguments give the same
model. It can fail as the methods do.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor, nn

from baselines.bit_widths import blocks, mixed_reconstruction
from baselines.bit_widths.greedy import greedy
from baselines.bit_widths.hessian import hawq_v2
from baselines.bit_widths.interaction import interacting
from baselines.bit_widths.mixed_network import fixed_scale, mixed_network
from baselines.bit_widths.sensitivity import kl_sensitivity, zeroq
from baselines.bit_widths.uniform import uniform
from baselines.methods.batch_norm import re_estimate
from baselines.methods.ptq import STATISTICS_PASSES

FINE_TUNED = "fine-tuned"
# KiB. The numbers with a fraction are those of the assignment's steps and of the targets.
BUDGETS = (131.2, 115, 98.4, 92, 85, 78, 72, 65.6, 60, 56, 52, 48, 44, 41.5)
NARROW_BUDGETS = (85, 72, 65.5, 60, 56, 52, 48, 44)  # where reconstruction makes a difference

Search = Callable[[nn.Module, Tensor, Sequence[int], int], list[dict[str, int]]]
Finish = Literal["statistics", "blocks"]


@dataclass(frozen=True)
class Method:
    """How widths are found and for which budgets (KiB), and how they become a model."""

    search: Search
    finish: Finish = "statistics"
    budgets: tuple[float, ...] = BUDGETS


METHODS: Mapping[str, Method] = {
    "uniform": Method(uniform, budgets=(262.2,)),
    "greedy": Method(greedy),
    "ZeroQ": Method(zeroq),
    "KL, training images": Method(kl_sensitivity),
    "HAWQ-V2": Method(hawq_v2),
    "pairs": Method(interacting),
    "uniform, reconstructed": Method(uniform, "blocks", budgets=(98.4,)),
    "blocks": Method(blocks.reconstructed_blocks, "blocks", NARROW_BUDGETS),
}


def finished(
    model: nn.Module, bit_widths: Mapping[str, int], finish: Finish, images: Tensor, seed: int
) -> nn.Module:
    """The float `model` at these widths, in evaluation mode; `images` uint8 (N, 3, 32, 32)."""
    if finish == "blocks":
        return mixed_reconstruction.reconstruct(model, bit_widths, images, seed=seed)
    network = mixed_network(model, bit_widths, fixed_scale)
    re_estimate(network, images, STATISTICS_PASSES, seed)
    return network.eval()


def recipe(method: Method, images: Tensor) -> dict[str, Any]:
    """What was done and what it saw, for the records."""
    return {
        "search": f"{method.search.__module__}.{method.search.__name__}",
        "budgets_KiB": list(method.budgets),
        "finish": method.finish,
        "images": len(images),
        "labels": False,
    }
