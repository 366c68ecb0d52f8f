"""Fine-tuning at given widths: quantization-aware training with the float network as the teacher.

The recipe of `baselines.qat`, for weights only: LSQ in every layer of 2 bits and more, one bit by
`CenteredBinary`, removed convolutions gone; loss, optimizer groups, schedule and the settling of
the statistics are the same. Interrupted, it goes on after the last whole epoch. It can fail as
`quantlab.training.fit` does.
"""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from baselines.frontier.network import mixed_network
from baselines.qat import train_distilled
from baselines.quantizers.base import Quantizer, signed_codes
from baselines.quantizers.centered_binary import CenteredBinary
from baselines.quantizers.lsq import LearnedStep
from baselines.ranges import weight_scale
from quantlab.images import ImageSet
from quantlab.training import Epoch, Recipe


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
    return train_distilled(
        network,
        teacher,
        train,
        recipe,
        validation=validation,
        checkpoint=checkpoint,
        compile=compile,
    )
