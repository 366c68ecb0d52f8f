"""The augmentation of CIFAR-10 trainings: crops, flips and cutout, made on whole batches."""

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


def cut_out(images: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """Normalized (N, C, H, W): in each image a square of `size` pixels becomes the mean colour, 0.

    Its centre is any pixel, so that squares may reach beyond the border (DeVries and Taylor 2017).
    """
    count, _, height, width = images.shape
    rows, columns = (
        _inside(torch.randint(0, length, (count, 1), generator=generator), size, length)
        for length in (height, width)
    )
    hole = rows[:, None, :, None] & columns[:, None, None, :]
    return images.masked_fill(hole.to(images.device), 0.0)


def _inside(centre: Tensor, size: int, length: int) -> Tensor:
    """bool (N, length): which of the positions the square around `centre` (N, 1) covers."""
    start = centre - size // 2
    positions = torch.arange(length)
    return (positions >= start) & (positions < start + size)
