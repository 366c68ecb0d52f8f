"""CIFAR-10 as memory-mapped uint8 tensors in one order.

`load_cifar10` searches `root` (or `$CIFAR10_ROOT`), then the kit's `data/`. It reads two layouts:
torchvision's `cifar-10-batches-py` (md5 sums checked by torchvision) and the parquet files of the
Hugging Face data set `cifar10` (`plain_text/{train,test}-*.parquet`, columns `img{bytes, path}` and
`label`). The images are decoded once into `.npy` files beside the data, or in the user's cache
folder if the data are read-only, and then memory-mapped.

The two layouts contain the same images in different orders. Here the order is that of the images'
BLAKE2 digests: "training image 17" is the same image for everyone. There is no fallback to another
data set.
"""

import hashlib
import io
import json
import os
from pathlib import Path

import numpy as np
import torch

from quantlab.atomic_files import user_cache, write_atomically, write_text_atomically
from quantlab.data.download import fetch
from quantlab.data.images import ImageSet
from quantlab.data.shapes10 import load_shapes10
from quantlab.errors import DataNotFound, DownloadFailed
from quantlab.paths import DATASETS, KIT

IMAGES_IN_SPLIT = {"train": 50_000, "test": 10_000}
CACHE_LAYOUT = 1  # raise when the decoded files change their meaning


def load_dataset(name: str, split: str) -> ImageSet:
    """Return the "train" or "test" images of the data set `name`, one of `DATASETS`.

    Raises:
        DataNotFound: There are no usable files.
        ValueError: The data set or the split does not exist.
    """
    if name not in DATASETS:
        raise ValueError(f"There is no data set {name!r}: choose one of {', '.join(DATASETS)}.")
    return load_cifar10(split) if name == "cifar10" else load_shapes10(split)


def load_cifar10(
    split: str, root: str | os.PathLike[str] | None = None, download: bool = False
) -> ImageSet:
    """Return the 50,000 training or 10,000 test images of CIFAR-10 (Krizhevsky 2009).

    Args:
        split: "train" or "test".
        root: The folder to search first (default: `$CIFAR10_ROOT`).
        download: Download missing files into `root` or `data/`, from byte-identical mirrors before
            the slow official host (`quantlab.data.download`).

    Raises:
        DataNotFound: There are no usable files.
        ValueError: The split is neither "train" nor "test".
    """
    if split not in IMAGES_IN_SPLIT:
        raise ValueError(f'split: expected "train" or "test", got {split!r}.')
    places = candidate_roots(root)
    for place in places:
        sources = _sources(place, split)
        if sources:
            return _load(place, split, sources)
    if download:
        return _download(places[0], split)
    raise DataNotFound(
        f"CIFAR-10 ({split}) was not found in {' or '.join(str(place) for place in places)}: "
        "expected cifar-10-batches-py/ or plain_text/*.parquet. Set CIFAR10_ROOT to the folder "
        "that contains it, or call load_cifar10(split, download=True)."
    )


def candidate_roots(root: str | os.PathLike[str] | None = None) -> list[Path]:
    """Return the folders that `load_cifar10` searches: `root` or `$CIFAR10_ROOT`, then `data/`."""
    first = root or os.environ.get("CIFAR10_ROOT")
    places = [Path(first).expanduser()] if first else []
    return [*places, KIT / "data"]


def cifar10_root(split: str) -> Path | None:
    """Return the first of `candidate_roots()` that contains CIFAR-10, or None."""
    return next((place for place in candidate_roots() if _sources(place, split)), None)


def _sources(place: Path, split: str) -> list[Path]:
    parquet = sorted((place / "plain_text").glob(f"{split}-*.parquet"))
    if parquet:
        return parquet
    names = [f"data_batch_{i}" for i in range(1, 6)] if split == "train" else ["test_batch"]
    batches = [place / "cifar-10-batches-py" / name for name in names]
    return batches if all(batch.is_file() for batch in batches) else []


def _load(place: Path, split: str, sources: list[Path]) -> ImageSet:
    """Map the decoded images; decode them first if they are missing or the source has changed."""
    signature = json.dumps(
        [CACHE_LAYOUT, [[s.name, s.stat().st_size, s.stat().st_mtime_ns] for s in sources]]
    )
    folder = _cache_folder(place)
    stem = folder / f"cifar10-{split}"
    images, labels, marker = (
        Path(f"{stem}{end}") for end in ("-images.npy", "-labels.npy", ".json")
    )
    if not (marker.is_file() and marker.read_text() == signature):
        decode = _decode_parquet if sources[0].suffix == ".parquet" else _decode_batches
        decoded_images, decoded_labels = _in_digest_order(*decode(place, split, sources))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            marker.unlink(missing_ok=True)
            write_atomically(images, lambda stream: np.save(stream, decoded_images))
            write_atomically(labels, lambda stream: np.save(stream, decoded_labels))
            write_text_atomically(marker, signature)
        except OSError:  # a full or read-only disk has no cache
            return _image_set(split, decoded_images, decoded_labels)
    return _image_set(split, np.load(images, mmap_mode="c"), np.load(labels))


def _image_set(split: str, images: np.ndarray, labels: np.ndarray) -> ImageSet:
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2)
    return ImageSet("CIFAR-10", split, pixels, torch.from_numpy(labels))


def _cache_folder(place: Path) -> Path:
    """Return `<place>/.quantlab`, or a folder in the user's cache if `place` is read-only."""
    # The mode is read as well: root may write everywhere.
    if place.stat().st_mode & 0o222 and os.access(place, os.W_OK):
        return place / ".quantlab"
    key = hashlib.blake2b(str(place.resolve()).encode(), digest_size=8).hexdigest()
    return user_cache() / key


def _in_digest_order(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    digests = [
        hashlib.blake2b(image.tobytes() + bytes([label]), digest_size=16).digest()
        for image, label in zip(images, labels, strict=True)
    ]
    order = sorted(range(len(digests)), key=digests.__getitem__)
    return np.ascontiguousarray(images[order]), labels[order].astype(np.int64)


def _decode_parquet(place: Path, split: str, sources: list[Path]) -> tuple[np.ndarray, np.ndarray]:
    import pyarrow.parquet
    from PIL import Image

    images: list[np.ndarray] = []
    labels: list[int] = []
    try:
        for source in sources:
            table = pyarrow.parquet.read_table(source, columns=["img", "label"])
            for row in table["img"].to_pylist():
                images.append(np.asarray(Image.open(io.BytesIO(row["bytes"])).convert("RGB")))
            labels += table["label"].to_pylist()
        stacked = np.stack(images)
    except (pyarrow.ArrowException, KeyError, TypeError, ValueError, OSError) as error:
        raise DataNotFound(
            f"{source} is not a readable parquet file of CIFAR-10 ({error}). Download it again."
        ) from error
    return _complete(place, split, stacked, np.asarray(labels))


def _decode_batches(place: Path, split: str, sources: list[Path]) -> tuple[np.ndarray, np.ndarray]:
    from torchvision.datasets import CIFAR10

    try:
        data = CIFAR10(str(place), train=split == "train", download=False)
    except RuntimeError as error:
        raise DataNotFound(
            f"The files in {place / 'cifar-10-batches-py'} are not CIFAR-10: their md5 sums differ "
            "from the published ones. Delete the folder and download it again."
        ) from error
    return _complete(place, split, np.asarray(data.data), np.asarray(data.targets))


def _complete(
    place: Path, split: str, images: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    expected = (IMAGES_IN_SPLIT[split], 32, 32, 3)
    if images.shape != expected or set(labels.tolist()) != set(range(10)):
        raise DataNotFound(
            f"The {split} images in {place} are incomplete: expected {expected}, got "
            f"{images.shape}. Download them again."
        )
    return images, labels


def _download(place: Path, split: str) -> ImageSet:
    from torchvision.datasets import CIFAR10

    try:
        fetch(place)
        CIFAR10(str(place), train=split == "train", download=True)  # unpacks the archive
    except (DownloadFailed, RuntimeError, OSError) as error:
        raise DataNotFound(
            f"CIFAR-10 could not be downloaded to {place}. {error} Or put cifar-10-batches-py/ "
            "there manually."
        ) from error
    return _load(place, split, _sources(place, split))
