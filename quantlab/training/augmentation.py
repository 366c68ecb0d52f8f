"""The augmentation of CIFAR-10 trainings, on whole batches: crops and flips, mixup."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from quantlab.data.images import CIFAR10_CLASSES, ImageSet, normalize
from quantlab.training.recipe import Recipe

CROP_PADDING = 4  # pixels on each side, He et al. 2016 section 4.2


@dataclass(frozen=True)
class Shifts:
    """Random changes of images: int64 `top` and `left` (..., N, 1), 0 to 8, and bool `flip`."""

    top: Tensor
    left: Tensor
    flip: Tensor


def draw_shifts(count: int, generator: torch.Generator) -> Shifts:
    """Return the changes of `count` images, on the CPU."""
    top, left = torch.randint(0, 2 * CROP_PADDING + 1, (2, count, 1), generator=generator)
    return Shifts(top, left, torch.rand(count, 1, generator=generator) < 0.5)


def shift_and_flip(images: Tensor, shifts: Shifts) -> Tensor:
    """Shift each image by up to 4 pixels, filling in zeros, and mirror those with `flip`.

    Takes and returns uint8 (N, 3, H, W). The shifts are on the device of the images.
    """
    count, _, height, width = images.shape
    padded = F.pad(images, (CROP_PADDING,) * 4)
    columns = torch.arange(width, device=images.device).expand(count, width)
    columns = shifts.left + torch.where(shifts.flip, width - 1 - columns, columns)
    rows = shifts.top + torch.arange(height, device=images.device)
    picked = padded.permute(0, 2, 3, 1)[
        torch.arange(count, device=images.device)[:, None, None],
        rows[:, :, None],
        columns[:, None, :],
    ]
    return picked.permute(0, 3, 1, 2)


def crop_and_flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Shift each image by up to 4 pixels, filling in zeros, and mirror every other one at random.

    Takes and returns uint8 (N, 3, H, W), on the CPU.
    """
    return shift_and_flip(images, draw_shifts(len(images), generator))


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
    train: ImageSet, recipe: Recipe, epoch: int, device: torch.device, skip: int = 0
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield normalized float32 (batch, 3, 32, 32) and labels: shuffled, cropped, flipped, mixed.

    Labels are int64 (batch,), in an epoch with mixup probabilities, float32 (batch, 10). The
    images, their order and their changes depend only on the seed and the epoch. The first `skip`
    batches are left out. All random numbers of the epoch move to the device of the images at once,
    so that a GPU that holds the images never waits for the host between two batches.
    """
    generator = torch.Generator().manual_seed(recipe.seed * 100_003 + epoch)
    order = torch.randperm(len(train), generator=generator)
    steps, size = len(train) // recipe.batch_size, recipe.batch_size
    indices = order[: steps * size].view(steps, size)
    if not recipe.mixes(epoch):  # its order pairs the images of a mixed batch
        indices = indices.sort().values  # kinder to a mapped file
    draws = [draw_shifts(size, generator) for _ in range(steps)]
    place = train.images.device
    indices = indices.to(place)
    top, left, flip = (
        torch.stack([getattr(draw, name) for draw in draws]).to(place) if draws else indices
        for name in ("top", "left", "flip")
    )
    shares = np.random.default_rng((recipe.seed, epoch)).beta
    mixed = [float(shares(recipe.mixup, recipe.mixup)) for _ in range(steps * recipe.mixes(epoch))]
    for step in range(skip, steps):
        shifts = Shifts(top[step], left[step], flip[step])
        images = shift_and_flip(train.images[indices[step]], shifts)
        images = normalize(images.to(device))
        labels = train.labels[indices[step]].to(device)
        if epoch < recipe.small_epochs:
            images = F.interpolate(images, size=recipe.small_size, mode="bilinear", antialias=True)
        if mixed:
            images, labels = mix(images, labels, mixed[step])
        yield images.contiguous(memory_format=torch.channels_last), labels
