"""A set of labeled images, and the normalization that every model of this kit uses."""

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
    """Labeled images.

    `images` are uint8 (N, 3, 32, 32) in channels-last memory, `labels` int64 (N,). `name` is the
    data set's, such as "CIFAR-10"; `split` is "train" or "test".
    """

    name: str
    split: str
    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.labels)

    def subset(self, indices: Tensor) -> "ImageSet":
        """Return the images at `indices`, int64 (K,)."""
        return ImageSet(self.name, self.split, self.images[indices], self.labels[indices])


def normalize(images: Tensor) -> Tensor:
    """Return (x / 255 - mean) / std per channel, float32, for uint8 images (N, 3, H, W).

    Examples:
        >>> import torch
        >>> black = normalize(torch.zeros(1, 3, 1, 1, dtype=torch.uint8))
        >>> [round(float(channel), 2) for channel in black.flatten()]
        [-1.99, -1.98, -1.71]
    """
    mean, std = (_per_channel(values, images.device) for values in (IMAGE_MEAN, IMAGE_STD))
    return (images.float() / 255 - mean) / std


def _per_channel(values: tuple[float, ...], device: torch.device) -> Tensor:
    """Return float32 (1, C, 1, 1), filled on the device: a copy from the host waits for a GPU."""
    channels = [torch.full((1, 1, 1, 1), value, device=device) for value in values]
    return torch.cat(channels, dim=1)
