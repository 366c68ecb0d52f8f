"""Fine-tuning at given widths: quantization-aware training with the float network as the teacher.

The recipe of `baselines.qat`, for weights only: LSQ in every layer of 2 bits and more, one bit by
`CenteredBinary`, removed convolutions gone; loss, optimizer groups, schedule and the settling of
the statistics are the same. Interrupted, it goes on after the last whole epoch. It can fail as
`quantlab.training.fit` does.
"""

import copy
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor, nn

from baselines.frontier.network import mixed_network
from baselines.qat import STATISTICS_BATCHES, parameter_groups
from baselines.quantizers.base import Quantizer, signed_codes
from baselines.quantizers.centered_binary import CenteredBinary
from baselines.quantizers.lsq import LearnedStep
from baselines.ranges import weight_scale
from quantlab.images import ImageSet
from quantlab.recipe import distillation, settle_statistics
from quantlab.training import Epoch, Recipe, augmented_batches, fit


def learned_step(weight: Tensor, bits: int) -> Quantizer:
    """The quantizer that is trained along, at the step of least squared error."""
    if bits == 1:
        return CenteredBinary(weight)
    scale = weight_scale(weight, bits, "heuristic")
    return LearnedStep(*signed_codes(bits), scale, weight.numel())


def fine_tune(
    teacher: nn.Module,
    bit_widths: Mapping[str, int],
    train: ImageSet,
    recipe: Recipe,
    *,
    validation: ImageSet | None = None,
    checkpoint: Path | None = None,
    compile: bool = False,
) -> tuple[nn.Module, list[Epoch]]:
    """The float network `teacher` at these widths, trained by `recipe`; one record per epoch.

    With held-out `validation` images the epoch that is best on them is kept.
    """
    network = mixed_network(teacher, bit_widths, learned_step)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    guide = copy.deepcopy(teacher).to(device).to(memory_format=torch.channels_last).eval()
    if compile:
        guide.compile(dynamic=False)
    history = fit(
        network,
        train,
        recipe,
        loss=distillation(guide),
        groups=parameter_groups(network),
        validation=validation,
        checkpoint=checkpoint,
        device=device,
        compile=compile,
    )
    batches = augmented_batches(train, recipe, recipe.epochs, device)
    settle_statistics(network, islice(batches, STATISTICS_BATCHES))
    return network.cpu(), history
