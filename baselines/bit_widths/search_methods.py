"""Every search of bit widths as one table, and how its widths become a model.

    search(model, images, budgets, seed) -> [{layer: bits}, ...]

uses the float network and at most 1,024 images without labels. It returns widths for some or all of
the budgets (bytes), the larger ones first. `finish` makes a model of them after training:

* "statistics": scales of least squared error, then re-estimated batch norm statistics;
* "blocks": block reconstruction (`baselines.bit_widths.mixed_reconstruction`), a minute or two on
  one core.

`FINE_TUNED` names points whose widths come from a file and whose models are trained. The same
arguments give the same model.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor, nn

from baselines.bit_widths import mixed_reconstruction
from baselines.bit_widths.block_sensitivity import reconstructed_blocks
from baselines.bit_widths.greedy import greedy
from baselines.bit_widths.hessian import hawq_v2
from baselines.bit_widths.interaction import interacting
from baselines.bit_widths.mixed_network import mixed_network
from baselines.bit_widths.sensitivity import kl_sensitivity, zeroq
from baselines.bit_widths.uniform import uniform
from baselines.bit_widths.weight_quantizers import fixed_scale
from baselines.methods.batch_norm_re_estimation import re_estimate
from baselines.methods.ptq import STATISTICS_PASSES

FINE_TUNED = "fine-tuned"
# KiB. The numbers with a fraction are those of the assignment's steps and of the targets.
BUDGETS = (131.2, 115, 98.4, 92, 85, 78, 72, 65.6, 60, 56, 52, 48, 44, 41.5)
NARROW_BUDGETS = (85, 72, 65.5, 60, 56, 52, 48, 44)  # where reconstruction makes a difference

Search = Callable[[nn.Module, Tensor, Sequence[int], int], list[dict[str, int]]]
Finish = Literal["statistics", "blocks"]


@dataclass(frozen=True)
class SearchMethod:
    """A search, its name in the records, how a model is finished, and the budgets in KiB."""

    search: Search
    record: str
    finish: Finish = "statistics"
    budgets: tuple[float, ...] = BUDGETS


# The record names are constants of the file format: they decide which results are reused.
SEARCH_METHODS: Mapping[str, SearchMethod] = {
    "uniform": SearchMethod(uniform, "uniform.uniform", budgets=(262.2,)),
    "greedy": SearchMethod(greedy, "greedy.greedy"),
    "ZeroQ": SearchMethod(zeroq, "sensitivity.zeroq"),
    "KL, training images": SearchMethod(kl_sensitivity, "sensitivity.kl_sensitivity"),
    "HAWQ-V2": SearchMethod(hawq_v2, "hessian.hawq_v2"),
    "pairs": SearchMethod(interacting, "interaction.interacting"),
    "uniform, reconstructed": SearchMethod(uniform, "uniform.uniform", "blocks", (98.4,)),
    "blocks": SearchMethod(
        reconstructed_blocks, "blocks.reconstructed_blocks", "blocks", NARROW_BUDGETS
    ),
}


def finish_network(
    model: nn.Module, bit_widths: Mapping[str, int], finish: Finish, images: Tensor, seed: int
) -> nn.Module:
    """Return the float `model` at these widths, in evaluation mode.

    `images` are uint8 (N, 3, 32, 32), without labels.
    """
    if finish == "blocks":
        return mixed_reconstruction.reconstruct(model, bit_widths, images, seed=seed)
    network = mixed_network(model, bit_widths, fixed_scale)
    re_estimate(network, images, STATISTICS_PASSES, seed)
    return network.eval()


def recipe(method: SearchMethod, images: Tensor) -> dict[str, Any]:
    """Return what was done and which data it used, as JSON values."""
    return {
        "search": f"baselines.frontier.{method.record}",
        "budgets_KiB": list(method.budgets),
        "finish": method.finish,
        "images": len(images),
        "labels": False,
    }
