"""The augmentation of CIFAR-10 trainings: crops and flips, made on whole batches."""

import torch
from torch import Tensor
from torch.nn import functional as F

CROP_PADDING = 4  # pixels on each side, He et al. 2016 section 4.2


def crop_and_flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """uint8 (N, 3, H, W): each image shifted by up to 4 pixels (zeros come in), mirrored or not."""
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
