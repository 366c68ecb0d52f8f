"""Re-estimation of batch normalization: its statistics anew, from the quantized network.

Quantized layers give other means and variances than those that batch normalization remembers. They
are averaged anew over calibration images, without labels, and under the crops and flips that the
float network was trained with: without these its inputs are narrower, and even at 8 bits several
points are lost.
"""

from collections.abc import Iterator
from itertools import chain

import torch
from torch import Tensor, nn

from quantlab.data.images import ImageSet
from quantlab.training.augmentation import augmented_batches
from quantlab.training.fine_tuning import average_batch_norm
from quantlab.training.recipe import Recipe

BATCH = 128


def re_estimate(network: nn.Module, images: Tensor, passes: int = 1, seed: int = 0) -> None:
    """Average the statistics of `network` over `passes` through `images`, augmented each time.

    `images` are uint8 (N, 3, H, W), N >= 2; what does not fill a batch is left out of its pass.
    `network` ends in evaluation mode. Raises `ValueError` for fewer images.
    """
    if len(images) < 2:
        raise ValueError(f"The variance of {len(images)} images is none: give at least 2.")
    average_batch_norm(network, unlabelled_batches(network, images, passes, seed))


def unlabelled_batches(
    network: nn.Module, images: Tensor, passes: int, seed: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Augmented normalized batches on the device of `network`; every label is -1."""
    unlabelled = ImageSet("calibration", "train", images, torch.full((len(images),), -1))
    recipe = Recipe(passes, batch_size=min(BATCH, len(images)), seed=seed)
    device = next(network.parameters()).device
    return chain.from_iterable(
        augmented_batches(unlabelled, recipe, epoch, device) for epoch in range(passes)
    )
