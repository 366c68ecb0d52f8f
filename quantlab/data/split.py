"""The held-out images: the part of the training set that no training uses.

Every choice is made on them: recipes, epochs, bit widths, which model to keep. The test set is read
once, at the end. There is one split per data set. Of CIFAR-10 it holds out 5,000 images, 500 of
each class, and leaves 45,000 to train on.
"""

import hashlib

import torch

from quantlab.data.images import ImageSet

HELD_OUT_SHARE = 0.1
SEED = 0


def held_out_split(
    train: ImageSet, share: float = HELD_OUT_SHARE, seed: int = SEED
) -> tuple[ImageSet, ImageSet]:
    """Return (images to train on, held-out images), each in the order of `train`.

    The same `share` of each class is held out, rounded. The choice depends only on `seed` and the
    positions, by SHA-256: random numbers of a library may change between releases.

    Raises:
        ValueError: Either part would be empty.

    Examples:
        >>> import torch
        >>> pixels = torch.zeros(20, 3, 32, 32, dtype=torch.uint8)
        >>> rest, held_out = held_out_split(ImageSet("CIFAR-10", "train", pixels, torch.zeros(20)))
        >>> len(rest), len(held_out)
        (18, 2)
    """
    labels, by_class = train.labels.tolist(), dict[int, list[int]]()
    for index in sorted(range(len(train)), key=lambda index: _rank(seed, index)):
        by_class.setdefault(labels[index], []).append(index)
    held_out = torch.zeros(len(train), dtype=torch.bool)
    for members in by_class.values():
        held_out[members[: round(share * len(members))]] = True
    count = int(held_out.sum())
    if not 0 < count < len(train):
        raise ValueError(
            f"A share of {share:g} of {train.name} ({train.split}, {len(train)} images) leaves "
            f"{count} images held out and {len(train) - count} to train on. Choose a share "
            "between 0 and 1 that leaves images in both parts."
        )
    return train.subset((~held_out).nonzero().flatten()), train.subset(held_out.nonzero().flatten())


def _rank(seed: int, index: int) -> bytes:
    return hashlib.sha256(f"{seed} {index}".encode()).digest()
