"""Both layouts of CIFAR-10 give the same images under the same numbers."""

import numpy as np
import pytest
import torch

from quantlab.data.cifar10 import load_cifar10, load_dataset


def pictures(data):
    return data.images.permute(0, 2, 3, 1).numpy()


def test_load_cifar10_keeps_each_image_with_its_label(ten_images, write_parquet):
    labels = [3, 1, 4, 0, 5, 9, 2, 6, 8, 7]
    loaded = load_cifar10("test", write_parquet(ten_images, labels))
    assert (loaded.name, loaded.split, len(loaded)) == ("CIFAR-10", "test", 10)
    labels_of_images = {
        picture.tobytes(): int(label)
        for picture, label in zip(pictures(loaded), loaded.labels, strict=True)
    }
    assert labels_of_images == {
        image.tobytes(): label for image, label in zip(ten_images, labels, strict=True)
    }


def test_load_cifar10_orders_images_independently_of_the_layout(
    ten_images, write_parquet, write_batches
):
    shuffled = np.random.default_rng(1).permutation(10)
    first = load_cifar10("test", write_parquet(ten_images))
    other = load_cifar10("test", write_batches(ten_images[shuffled], shuffled.tolist()))
    assert torch.equal(first.images, other.images)
    assert torch.equal(first.labels, other.labels)


def test_load_cifar10_returns_tensors_for_training(ten_images, write_parquet):
    loaded = load_cifar10("test", write_parquet(ten_images))
    assert loaded.images.shape == (10, 3, 32, 32)
    assert loaded.images.dtype == torch.uint8
    assert loaded.images.is_contiguous(memory_format=torch.channels_last)
    assert loaded.labels.dtype == torch.int64


def test_load_dataset_reads_the_folder_in_the_environment(ten_images, write_parquet, monkeypatch):
    monkeypatch.setenv("CIFAR10_ROOT", str(write_parquet(ten_images)))
    assert len(load_dataset("cifar10", "test")) == 10


def test_load_cifar10_prefers_its_argument_to_the_environment(
    ten_images, write_parquet, monkeypatch, tmp_path
):
    monkeypatch.setenv("CIFAR10_ROOT", str(tmp_path / "nowhere"))
    assert len(load_cifar10("test", write_parquet(ten_images))) == 10


def test_load_cifar10_reads_the_kit_folder_last(ten_images, write_parquet, monkeypatch, tmp_path):
    monkeypatch.setenv("CIFAR10_ROOT", str(tmp_path / "nowhere"))
    write_parquet(ten_images, place=tmp_path / "kit" / "data")
    assert len(load_cifar10("test")) == 10


@pytest.mark.parametrize(
    ("load", "sentence"),
    [
        (lambda: load_cifar10("validation"), '"train" or "test", got \'validation\''),
        (lambda: load_dataset("mnist", "test"), "no data set 'mnist': choose one of cifar10"),
    ],
)
def test_load_dataset_refuses_unknown_names_and_splits(load, sentence):
    with pytest.raises(ValueError, match=sentence):
        load()
