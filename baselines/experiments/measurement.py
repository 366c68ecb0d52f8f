"""Images and accuracies that every experiment shares.

Methods look at training images only. The test set chooses nothing: it is measured once, at the end.
With `validate`, a tenth of the training images is held out and replaces the test images.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from tqdm import tqdm

from quantlab.data.cifar10 import load_dataset
from quantlab.data.images import ImageSet
from quantlab.data.split import held_out_split
from quantlab.evaluation.float_network import evaluate
from quantlab.evaluation.integer_network import evaluate_saved
from quantlab.formats.saved_model import SavedModel, load_float
from quantlab.network.resnet import resnet20

TEST, VALIDATION = "test", "validation"
RESUME_FOLDER = Path("runs")  # checkpoints of interrupted trainings


@dataclass(frozen=True)
class ImageSplit:
    """Training images, and the images that models are measured on; `name` says which these are."""

    train: ImageSet
    measured: ImageSet
    name: str


@dataclass(frozen=True)
class FloatNetwork:
    """The float network, its accuracy in percent, and a name for its weights."""

    network: nn.Module
    accuracy: float
    name: str


def load_split(dataset: str, validate: bool) -> ImageSplit:
    """Return the images of `dataset`. Raise `DataNotFound`."""
    train = load_dataset(dataset, "train")
    if validate:
        return ImageSplit(*held_out_split(train), VALIDATION)
    return ImageSplit(train, load_dataset(dataset, "test"), TEST)


def measure_float(path: Path, images: ImageSet) -> FloatNetwork:
    """Return the float ResNet-20 of a file, measured on `images`. Raise `BadSavedModel`."""
    state = load_float(path)
    network = resnet20()
    network.load_state_dict(state, strict=False)  # load_float has checked the names
    network = network.to(memory_format=torch.channels_last).eval()
    digest = hashlib.blake2b(digest_size=4)
    for name, tensor in sorted(state.items()):
        digest.update(name.encode() + tensor.numpy().tobytes())
    accuracy = evaluate(network, images, device="cpu")
    return FloatNetwork(
        network, accuracy, f"{path.name}, BLAKE2b of its tensors {digest.hexdigest()}"
    )


def measure_saved(saved: SavedModel, images: ImageSet) -> float:
    """Return the accuracy in percent on all `images`, by the evaluation that grades models."""
    with tqdm(total=len(images), desc="evaluating", leave=False) as bar:
        return evaluate_saved(saved, images, progress=lambda done, _: bar.update(done - bar.n))
