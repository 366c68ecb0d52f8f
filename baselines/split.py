"""Training images set apart: methods are developed on them, and the test set chooses nothing."""

import torch

from quantlab.images import ImageSet

VALIDATION_COUNT = 5_000


def validation_split(
    train: ImageSet, count: int = VALIDATION_COUNT, seed: int = 0
) -> tuple[ImageSet, ImageSet]:
    """(all others, the last `count` of a permutation fixed by `seed`), each in the set's own order.

    A float network that was trained on all of `train` has seen both parts: on the second it looks
    better than it is, and only differences between methods can be read off. Raises `ValueError`
    when either part would be empty.
    """
    if not 0 < count < len(train):
        raise ValueError(
            f"{count} of the {len(train)} images of {train.name} ({train.split}) cannot be set "
            f"apart: ask for 1 to {len(train) - 1}."
        )
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))
    rest, apart = order[:-count].sort().values, order[-count:].sort().values
    return train.subset(rest), train.subset(apart)
