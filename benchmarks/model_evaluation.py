"""The integer evaluation of saved models against the float network, on the same test images.

Both compute an accuracy from uint8 images, channels_last, on the same number of threads.
"""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch
from torch import nn

from benchmarks.onnx_runtime import onnx_runtime
from benchmarks.ratios import Measurement, ratios
from quantlab.data.images import ImageSet
from quantlab.evaluation.float_network import evaluate
from quantlab.evaluation.integer_network import BATCH_SIZE, evaluate_saved
from quantlab.formats.saved_model import SavedModel, load, load_float
from quantlab.network.resnet import resnet20
from quantlab.paths import CELLS, KIT, model_file


def float_network(dataset: str) -> nn.Module:
    """Return the kit's float network of a data set."""
    network = resnet20()
    state = load_float(KIT / "checkpoints" / f"resnet20_{dataset}.pt")
    network.load_state_dict(state, strict=False)  # load_float has checked the names
    return network.eval()


def saved_models(dataset: str) -> dict[str, SavedModel]:
    """Return the reference's five models, by cell of Table 1."""
    folder = KIT / "instructor" / "checkpoints" / dataset
    return {cell: load(folder / model_file(cell)) for cell in CELLS}


def measure_models(dataset: str, images: ImageSet, runs: int) -> Iterator[Measurement]:
    """Yield the measurements. Raise `MissingPackage`."""
    saved = saved_models(dataset)
    in_float = partial(evaluate, float_network(dataset), images, BATCH_SIZE, "cpu")
    peer = f"the float32 model, {len(images):,} images"
    yield Measurement(
        "W8A8 from uint8 images to accuracy",
        peer,
        "of its time",
        ratios(lambda: evaluate_saved(saved["W8A8"], images), in_float, runs),
        must=0.5,
        aim=0.25,
    )
    with tempfile.TemporaryDirectory() as folder:
        runtime = onnx_runtime(saved["W8A8"], images, Path(folder), torch.get_num_threads())
        yield Measurement(
            "the same",
            "ONNX Runtime, static int8, the same model",
            "of its time",
            ratios(lambda: evaluate_saved(saved["W8A8"], images), runtime, runs),
            must=1.0,
            aim=0.7,
        )
    yield Measurement(
        "five saved models",
        "five float32 evaluations",
        "of their time",
        ratios(
            lambda: [evaluate_saved(model, images) for model in saved.values()],
            lambda: [in_float() for _ in saved],
            runs,
        ),
        must=0.5,
        aim=0.25,
    )
