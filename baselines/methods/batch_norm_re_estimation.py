"""Re-estimate the statistics of batch norm from the quantized network.

Quantized layers have other means and variances than the float network. They are averaged again over
calibration images without labels, under the crops and flips of the float training. Without
augmentation the inputs of batch norm are narrower, and even at 8 bits several points are lost.
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

    `images` are uint8 (N, 3, H, W), N >= 2. An incomplete last batch of a pass is left out.
    `network` ends in evaluation mode. Raise `ValueError` for fewer images.
    """
    if len(images) < 2:
        raise ValueError(f"At least 2 images are needed, got {len(images)}.")
    average_batch_norm(network, unlabelled_batches(network, images, passes, seed))


def unlabelled_batches(
    network: nn.Module, images: Tensor, passes: int, seed: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield augmented normalized batches on the device of `network`; every label is -1."""
    unlabelled = ImageSet("calibration", "train", images, torch.full((len(images),), -1))
    recipe = Recipe(passes, batch_size=min(BATCH, len(images)), seed=seed)
    device = next(network.parameters()).device
    return chain.from_iterable(
        augmented_batches(unlabelled, recipe, epoch, device) for epoch in range(passes)
    )
