"""The test images that `--quick` measures models on: a fixed sample of 1,000, the same everywhere.

The sample is stratified by class and difficulty, so that a network's accuracy on it is close to its
accuracy on all test images. `authoring.build.choose_quick_images` chooses it and records how. The
labels decide only which images estimate an accuracy. They choose no model and no threshold.
"""

import json
from pathlib import Path

import torch
from torch import Tensor

from autograder.paths import reference_models
from quantlab.data.cifar10 import DataNotFound


def committed(dataset: str) -> Path:
    """Return where the sample of `dataset` is stored."""
    return reference_models(dataset) / "quick_images.json"


def load_indices(dataset: str) -> Tensor:
    """Return the sample as sorted indices into the test images, int64 (1000,).

    Raises:
        DataNotFound: The file is missing or damaged.
    """
    path = committed(dataset)
    try:
        return torch.tensor(json.loads(path.read_text(encoding="utf-8"))["images"])
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise DataNotFound(
            f"{path} cannot be read ({problem}). Restore the file from the kit, or grade without "
            "--quick."
        ) from problem
