"""The augmentation of CIFAR-10 trainings, on whole batches: crops and flips, mixup."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from quantlab.data.images import CIFAR10_CLASSES, ImageSet, normalize
from quantlab.training.recipe import Recipe

CROP_PADDING = 4  # pixels on each side, He et al. 2016 section 4.2


def crop_and_flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Shift each image by up to 4 pixels, filling in zeros, and mirror every other one at random.

    Takes and returns uint8 (N, 3, H, W).
    """
    count, _, height, width = images.shape
    padded = F.pad(images, (CROP_PADDING,) * 4)
    top, left = torch.randint(0, 2 * CROP_PADDING + 1, (2, count, 1), generator=generator)
    flip = torch.rand(count, 1, generator=generator) < 0.5
    columns = torch.arange(width).expand(count, width)
    columns = left + torch.where(flip, width - 1 - columns, columns)
    rows = top + torch.arange(height)
    picked = padded.permute(0, 2, 3, 1)[
        torch.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]
    ]
    return picked.permute(0, 3, 1, 2)


def mix(images: Tensor, labels: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """Return mixup's batch (Zhang et al. 2018): each image blended with the one opposite to it.

    `images` are float (N, 3, H, W), `labels` int64 (N,). The first image gets `share` of itself and
    the rest of the last, and so on; the new labels, float32 (N, 10), are blended alike.
    """
    classes = F.one_hot(labels, len(CIFAR10_CLASSES)).float()
    return (
        share * images + (1 - share) * images.flip(0),
        share * classes + (1 - share) * classes.flip(0),
    )


def augmented_batches(
    train: ImageSet, recipe: Recipe, epoch: int, device: torch.device
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield normalized float32 (batch, 3, 32, 32) and labels: shuffled, cropped, flipped, mixed.

    Labels are int64 (batch,), in an epoch with mixup probabilities, float32 (batch, 10). The
    images, their order and their changes depend only on the seed and the epoch.
    """
    generator = torch.Generator().manual_seed(recipe.seed * 100_003 + epoch)
    order = torch.randperm(len(train), generator=generator)
    shares = np.random.default_rng((recipe.seed, epoch))
    small = epoch < recipe.small_epochs
    for start in range(0, len(train) - recipe.batch_size + 1, recipe.batch_size):
        index = order[start : start + recipe.batch_size]
        if not recipe.mixes(epoch):  # its order pairs the images of a mixed batch
            index = index.sort().values  # kinder to a mapped file
        images = normalize(crop_and_flip(train.images[index], generator).to(device))
        labels = train.labels[index].to(device)
        if small:
            images = F.interpolate(images, size=recipe.small_size, mode="bilinear", antialias=True)
        if recipe.mixes(epoch):
            images, labels = mix(images, labels, float(shares.beta(recipe.mixup, recipe.mixup)))
        yield images.contiguous(memory_format=torch.channels_last), labels
