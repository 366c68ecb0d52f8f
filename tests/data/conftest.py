"""CIFAR-10 in miniature: ten images in both layouts that the loader reads."""

import hashlib
import io
import pickle

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from PIL import Image
from torchvision.datasets import CIFAR10

from quantlab.data import cifar10


@pytest.fixture
def ten_images():
    """uint8 (10, 32, 32, 3), one of each class."""
    return np.random.default_rng(0).integers(0, 256, (10, 32, 32, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def miniature(monkeypatch, tmp_path):
    """Ten images make a split, and neither the kit's data nor the user's cache is looked at."""
    monkeypatch.setattr(cifar10, "IMAGES_IN_SPLIT", {"train": 10, "test": 10})
    monkeypatch.setattr(cifar10, "KIT", tmp_path / "kit")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CIFAR10_ROOT", raising=False)


@pytest.fixture
def write_parquet(tmp_path):
    """write(images, labels) makes a folder with `plain_text/test-….parquet` and returns it."""

    def write(images, labels=range(10), place=tmp_path / "parquet"):
        rows = []
        for image in images:
            stream = io.BytesIO()
            Image.fromarray(image).save(stream, "PNG")
            rows.append({"bytes": stream.getvalue(), "path": None})
        (place / "plain_text").mkdir(parents=True, exist_ok=True)
        pyarrow.parquet.write_table(
            pyarrow.table({"img": rows, "label": list(labels)}),
            place / "plain_text" / "test-00000-of-00001.parquet",
        )
        return place

    return write


@pytest.fixture
def write_batches(tmp_path, monkeypatch):
    """write(images, labels) makes a folder with `cifar-10-batches-py` and returns it.

    torchvision is told the md5 sums of these files in place of the published ones; with
    `published=True` it is not, and must refuse them.
    """

    def write(images, labels=range(10), published=False):
        folder = tmp_path / "batches" / "cifar-10-batches-py"
        folder.mkdir(parents=True)

        def dump(name, content):
            raw = pickle.dumps(content)
            (folder / name).write_bytes(raw)
            return name, hashlib.md5(raw).hexdigest()

        rows = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
        test = dump("test_batch", {"data": rows, "labels": list(labels)})
        meta = dump("batches.meta", {"label_names": [str(label) for label in range(10)]})
        if not published:
            monkeypatch.setattr(CIFAR10, "train_list", [])
            monkeypatch.setattr(CIFAR10, "test_list", [list(test)])
            named = {"filename": meta[0], "key": "label_names", "md5": meta[1]}
            monkeypatch.setattr(CIFAR10, "meta", named)
        return folder.parent

    return write
