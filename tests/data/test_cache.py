"""Images are decoded once, and again when their source has changed."""

import os

import pytest
import torch

from quantlab.data import cifar10
from quantlab.data.cifar10 import load_cifar10


@pytest.fixture
def decodings(monkeypatch):
    """One entry for every time that a parquet file is decoded."""
    places = []
    decode = cifar10._decode_parquet

    def counted(place, split, sources):
        places.append(place)
        return decode(place, split, sources)

    monkeypatch.setattr(cifar10, "_decode_parquet", counted)
    return places


def test_load_cifar10_maps_earlier_decoded_images(ten_images, write_parquet, decodings):
    place = write_parquet(ten_images)
    first, second = load_cifar10("test", place), load_cifar10("test", place)
    assert len(decodings) == 1
    assert torch.equal(first.images, second.images)
    assert torch.equal(first.labels, second.labels)


def test_load_cifar10_keeps_the_cache_when_an_image_is_changed(ten_images, write_parquet):
    place = write_parquet(ten_images)
    load_cifar10("test", place)
    before = load_cifar10("test", place).images.clone()
    load_cifar10("test", place).images.zero_()
    assert torch.equal(load_cifar10("test", place).images, before)


def test_load_cifar10_decodes_a_changed_source_again(ten_images, write_parquet):
    place = write_parquet(ten_images)
    before = load_cifar10("test", place)
    write_parquet(255 - ten_images)
    after = load_cifar10("test", place)
    assert set(after.images.sum((1, 2, 3)).tolist()) != set(before.images.sum((1, 2, 3)).tolist())


def test_load_cifar10_decodes_a_source_with_a_new_date_again(ten_images, write_parquet, decodings):
    place = write_parquet(ten_images)
    load_cifar10("test", place)
    (source,) = (place / "plain_text").iterdir()
    os.utime(source, (1, 1))
    load_cifar10("test", place)
    assert len(decodings) == 2


def test_load_cifar10_ignores_an_incomplete_cache(ten_images, write_parquet, decodings):
    place = write_parquet(ten_images)
    load_cifar10("test", place)
    (place / ".quantlab" / "cifar10-test.json").unlink()  # written last
    load_cifar10("test", place)
    assert len(decodings) == 2


def test_load_cifar10_caches_read_only_data_in_the_user_folder(
    ten_images, write_parquet, decodings, tmp_path
):
    place = write_parquet(ten_images)
    place.chmod(0o555)
    try:
        load_cifar10("test", place)
        load_cifar10("test", place)
        assert sorted(path.name for path in place.iterdir()) == ["plain_text"]
        assert len(list((tmp_path / "cache" / "quantlab").glob("*/cifar10-test-images.npy"))) == 1
        assert len(decodings) == 1
    finally:
        place.chmod(0o755)


def test_load_cifar10_works_without_a_place_for_a_cache(
    ten_images, write_parquet, monkeypatch, tmp_path
):
    place = write_parquet(ten_images)
    (tmp_path / "a file").write_text("where the cache folder would have to be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a file"))
    place.chmod(0o555)
    try:
        assert len(load_cifar10("test", place)) == 10
    finally:
        place.chmod(0o755)
