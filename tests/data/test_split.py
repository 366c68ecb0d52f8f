"""The held-out images are a fixed, stratified part that no training sees."""

import hashlib

import pytest
import torch

from quantlab.data.cifar10 import load_dataset
from quantlab.data.images import ImageSet
from quantlab.data.split import held_out_split
from quantlab.errors import DataNotFound


def numbered(count: int, classes: int = 10) -> ImageSet:
    """Image i has the number i in its first two pixels and the label i mod `classes`."""
    index = torch.arange(count)
    images = torch.stack([index % 256, index // 256], 1).to(torch.uint8)
    return ImageSet("Numbered", "train", images.view(count, 1, 1, 2), index % classes)


def numbers(images: ImageSet) -> list[int]:
    first, second = images.images.flatten(1).int().unbind(1)
    return (first + 256 * second).tolist()


def test_held_out_split_puts_every_image_in_a_single_part_in_order():
    rest, held_out = map(numbers, held_out_split(numbered(300)))
    assert sorted(rest + held_out) == list(range(300))
    assert rest == sorted(rest)
    assert held_out == sorted(held_out)
    assert len(held_out) == 30


def test_held_out_split_takes_the_same_share_of_each_class():
    images = numbered(300)
    images.labels[:] = torch.tensor([0] * 200 + [1] * 60 + [2] * 40)
    _, held_out = held_out_split(images, share=0.1)
    assert held_out.labels.bincount().tolist() == [20, 6, 4]


def test_held_out_split_is_the_same_forever():
    """The float network of the kit never saw these images. Another 5,000 would not be held out."""
    _, held_out = held_out_split(numbered(50_000))
    digest = hashlib.sha256(" ".join(map(str, numbers(held_out))).encode()).hexdigest()
    assert digest.startswith("075791a8bb60bc74")


def test_held_out_split_of_another_seed_differs():
    first, second = (numbers(held_out_split(numbered(300), seed=seed)[1]) for seed in (0, 1))
    assert first != second


@pytest.mark.parametrize("share", [0.0, 1.0, 0.001])
def test_held_out_split_refuses_an_empty_part(share):
    with pytest.raises(ValueError, match=r"Numbered \(train, 300 images\)"):
        held_out_split(numbered(300), share)


@pytest.mark.cifar10
def test_held_out_split_of_cifar10_holds_500_images_of_each_class():
    try:
        rest, held_out = held_out_split(load_dataset("cifar10", "train"))
    except DataNotFound as reason:
        pytest.skip(str(reason))
    assert held_out.labels.bincount().tolist() == [500] * 10
    assert rest.labels.bincount().tolist() == [4_500] * 10
