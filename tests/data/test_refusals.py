"""Data that are missing or wrong end in one sentence that says where and what to do."""

import pytest

from quantlab.data.cifar10 import load_cifar10
from quantlab.errors import DataNotFound


def refusal(place):
    with pytest.raises(DataNotFound) as caught:
        load_cifar10("test", place)
    return str(caught.value)


def test_load_cifar10_names_all_places_when_data_are_missing(tmp_path):
    sentence = refusal(tmp_path / "nowhere")
    assert str(tmp_path / "nowhere") in sentence
    assert str(tmp_path / "kit" / "data") in sentence
    assert "cifar-10-batches-py/" in sentence
    assert "plain_text/*.parquet" in sentence
    assert "CIFAR10_ROOT" in sentence
    assert "download=True" in sentence


def test_load_cifar10_refuses_batches_with_other_md5_sums(ten_images, write_batches):
    place = write_batches(ten_images, published=True)
    sentence = refusal(place)
    assert str(place / "cifar-10-batches-py") in sentence
    assert "md5 sums differ" in sentence


def test_load_cifar10_refuses_a_split_that_is_too_short(ten_images, write_parquet):
    assert "got (9, 32, 32, 3)" in refusal(write_parquet(ten_images[:9], range(9)))


def test_load_cifar10_refuses_data_without_a_class(ten_images, write_parquet):
    assert "are incomplete" in refusal(write_parquet(ten_images, [0, *range(9)]))


def test_load_cifar10_refuses_images_of_another_size(ten_images, write_parquet):
    assert "(10, 28, 28, 3)" in refusal(write_parquet(ten_images[:, :28, :28]))


def test_load_cifar10_names_a_damaged_parquet_file(ten_images, write_parquet):
    place = write_parquet(ten_images)
    (source,) = (place / "plain_text").iterdir()
    source.write_bytes(source.read_bytes()[:100])
    sentence = refusal(place)
    assert f"{source} is not a readable parquet file" in sentence
    assert "Download it again" in sentence


def test_load_cifar10_caches_nothing_that_it_refuses(ten_images, write_parquet):
    place = write_parquet(ten_images[:9], range(9))
    refusal(place)
    assert not (place / ".quantlab").exists()
