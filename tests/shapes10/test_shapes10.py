"""Shapes-10 is the same everywhere, balanced, and gives its classes away by nothing but form."""

import hashlib

import pytest
import torch

from quantlab.data.cifar10 import load_dataset
from quantlab.data.shapes10 import SHAPES10_CLASSES, load_shapes10

DIGESTS = {
    "train": "f5d8aecfe5fb05ac1791464463f1d95d73dc620a1b281dbca2645927354e4871",
    "test": "0a8b6c501fee2d5b7f93ea45787447b5ab4d0d40153db0cbccf2d27471bbcd01",
}


@pytest.fixture(scope="module")
def splits():
    return {split: load_shapes10(split) for split in DIGESTS}


def pictures(data):
    """One bytes object per image, rows first, colours last."""
    return [picture.tobytes() for picture in data.images.permute(0, 2, 3, 1).numpy()]


@pytest.mark.parametrize("split", DIGESTS)
def test_load_shapes10_returns_the_images_of_its_digest(splits, split):
    digest = hashlib.sha256()
    for picture, label in zip(pictures(splits[split]), splits[split].labels.tolist(), strict=True):
        digest.update(picture + bytes([label]))
    assert digest.hexdigest() == DIGESTS[split]


def test_load_dataset_returns_the_same_shapes10_images_again(splits):
    again = load_dataset("shapes10", "test")
    assert torch.equal(again.images, splits["test"].images)
    assert torch.equal(again.labels, splits["test"].labels)


@pytest.mark.parametrize(("split", "count"), [("train", 10_000), ("test", 2_000)])
def test_load_shapes10_returns_equally_frequent_classes_in_no_order(splits, split, count):
    data = splits[split]
    assert (data.name, data.split, len(data)) == ("Shapes-10", split, count)
    assert data.labels.bincount().tolist() == [count // len(SHAPES10_CLASSES)] * 10
    assert len(set(data.labels[:50].tolist())) == 10


def test_load_shapes10_returns_tensors_like_those_of_cifar10(splits):
    data = splits["test"]
    assert data.images.shape == (2_000, 3, 32, 32)
    assert data.images.dtype == torch.uint8
    assert data.images.is_contiguous(memory_format=torch.channels_last)
    assert data.labels.dtype == torch.int64
    assert (int(data.images.min()), int(data.images.max())) == (0, 255)


def test_load_shapes10_repeats_no_image_in_or_across_splits(splits):
    both = pictures(splits["train"]) + pictures(splits["test"])
    assert len(set(both)) == 12_000


def test_load_shapes10_reveals_no_class_by_color_or_contrast(splits):
    data = splits["train"]
    level = data.images.float().mean((2, 3))  # per image and channel
    spread = data.images.float().std((2, 3)).mean(1)
    for label in range(10):
        chosen = data.labels == label
        # 1,000 images: a standard error of the mean of about 2 levels, and 0.5 of the spread
        assert torch.allclose(level[chosen].mean(0), level.mean(0), atol=8)
        assert abs(float(spread[chosen].mean() - spread.mean())) < 3


def test_load_shapes10_refuses_another_split():
    with pytest.raises(ValueError, match='"train" or "test", got \'validation\''):
        load_shapes10("validation")
