"""The held-out images: the part of the training set that no training sees.

Everything that is chosen is chosen on them: recipes, epochs, bit widths, which model is kept. The
test set is read once, at the end. There is one split per data set, and this is its only definition.
Of CIFAR-10 it holds out 5,000 images, 500 of each class, and leaves 45,000 to train on.
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

    From each class the same `share` is held out, rounded. Which images depends on `seed` and their
    positions alone, by SHA-256: no library's random numbers, which may change between releases.
    Raises `ValueError` if either part would be empty.
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
