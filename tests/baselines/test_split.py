"""The validation images: disjoint from the rest, always the same."""

import pytest
import torch

from baselines.split import validation_split
from quantlab.images import ImageSet


def numbered(count: int) -> ImageSet:
    images = torch.zeros(count, 3, 2, 2, dtype=torch.uint8)
    return ImageSet("numbered", "train", images, torch.arange(count))


def test_every_image_is_in_one_part_in_the_order_of_the_set() -> None:
    rest, apart = validation_split(numbered(100), 30)
    assert sorted([*rest.labels.tolist(), *apart.labels.tolist()]) == list(range(100))
    assert len(apart) == 30
    assert apart.labels.tolist() == sorted(apart.labels.tolist())
    assert apart.labels.tolist() != list(range(70, 100))


def test_the_part_set_apart_is_the_end_of_the_permutation_of_its_seed() -> None:
    order = torch.randperm(100, generator=torch.Generator().manual_seed(3))
    _, apart = validation_split(numbered(100), 30, seed=3)
    assert set(apart.labels.tolist()) == set(order[-30:].tolist())


@pytest.mark.parametrize("count", [0, 100])
def test_neither_part_is_empty(count: int) -> None:
    with pytest.raises(ValueError, match="ask for 1 to 99"):
        validation_split(numbered(100), count)
