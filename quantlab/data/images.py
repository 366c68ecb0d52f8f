"""A set of labelled images, and the one normalization that every model of this kit sees."""

from dataclasses import dataclass

import torch
from torch import Tensor

CIFAR10_CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
IMAGE_MEAN = (0.4914, 0.4822, 0.4465)  # of the CIFAR-10 training images, per channel, in [0, 1]
IMAGE_STD = (0.2470, 0.2435, 0.2616)


@dataclass(frozen=True)
class ImageSet:
    """`images`: uint8 (N, 3, 32, 32) in channels-last memory; `labels`: int64 (N,)."""

    name: str
    split: str
    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, indices: Tensor) -> "ImageSet":
        return ImageSet(self.name, self.split, self.images[indices], self.labels[indices])


def normalize(images: Tensor) -> Tensor:
    """uint8 (N, 3, H, W) to float32 of the same shape: (x / 255 - mean) / std per channel."""
    mean = torch.tensor(IMAGE_MEAN, device=images.device).view(1, 3, 1, 1)
    std = torch.tensor(IMAGE_STD, device=images.device).view(1, 3, 1, 1)
    return (images.float() / 255 - mean) / std
