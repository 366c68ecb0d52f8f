"""Draw the picture that motivates the assignment: one photo, classified with fewer and fewer bits.

    python -m authoring build motivation

It measures the reference's networks on one photo of the CIFAR-10 test images, and counts what one
classification costs. The numbers go to docs/motivation.json, the picture to docs/motivation.png,
which the first cell of the notebook contains.

The photo is typical: the network that is only rounded is wrong at 2 bits, all others are right. So
it is on most of the first 200 test images; among these it was chosen as easy to recognize.

Energy is that of Horowitz, "Computing's Energy Problem (and what we can do about it)", ISSCC 2014
(45 nm, 0.9 V): a product and a sum in float32 3.7 and 0.9 pJ, a product of 8 bits 0.2 pJ, a sum of
32 bits 0.1 pJ, a 32-bit word from DRAM 640 pJ. The table ends at 8 bits, so narrower products count
as much. Weights are read once; the traffic of activations is left out.
"""

import functools
import json
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import BinaryIO

import torch
from msgspec import to_builtins
from torch import Tensor, nn

from authoring.build.motivation_picture import draw
from authoring.build.motivation_record import NUMBERS, PICTURE, Guess, Motivation, Width
from autograder.engine.oracle import Oracle
from autograder.exit_status import USAGE
from autograder.paths import reference_models
from quantlab.atomic_files import write_atomically, write_text_atomically
from quantlab.data.cifar10 import DataNotFound, load_dataset
from quantlab.data.images import CIFAR10_CLASSES, ImageSet, normalize
from quantlab.evaluation.integer_network import IntegerResNet20
from quantlab.formats.saved_model import load, load_float
from quantlab.network.calibration import calibration_images
from quantlab.network.quantization import FIRST_LAYER, quantize_model
from quantlab.network.resnet import layer_sizes, resnet20
from quantlab.paths import cell_bits, float_model, model_file

DATASET = "cifar10"
CELLS = ("W8A8", "W4A4", "W2A2")
FLOAT_BITS = 32
PHOTO, CANDIDATES = 73, 200  # index of the test image; the images that it is compared with
FLOAT_PRODUCT, FLOAT_SUM = 3.7, 0.9  # pJ
INT8_PRODUCT, INT32_SUM, DRAM_WORD = 0.2, 0.1, 640.0  # pJ


def weight_bytes(bits: int) -> int:
    """Return the bytes of the weights; the first convolution keeps float32."""
    sizes = layer_sizes()
    quantized = sum(count for name, count in sizes.items() if name != FIRST_LAYER)
    return quantized * bits // 8 + 4 * sizes[FIRST_LAYER]


@functools.cache
def products() -> Mapping[str, int]:
    """Return the products that each layer computes for one image."""
    counts: dict[str, int] = {}

    def count(name: str, module: nn.Module, inputs: object, output: Tensor) -> None:
        counts[name] = layer_sizes()[name] * output[0, 0].numel()

    with torch.device("meta"):
        network = resnet20()
        for name in layer_sizes():
            network.get_submodule(name).register_forward_hook(partial(count, name))
        network.eval()(torch.zeros(1, 3, 32, 32))
    return counts


def microjoules(bits: int) -> float:
    """Return the energy of one classification, products, sums and reading the weights."""
    counts = products()
    integer = 0 if bits == FLOAT_BITS else sum(counts.values()) - counts[FIRST_LAYER]
    real = sum(counts.values()) - integer
    arithmetic = real * (FLOAT_PRODUCT + FLOAT_SUM) + integer * (INT8_PRODUCT + INT32_SUM)
    return (arithmetic + weight_bytes(bits) / 4 * DRAM_WORD) / 1e6


def build_motivation() -> int:
    """Write the numbers and the picture; return the exit status."""
    try:
        train, test = load_dataset(DATASET, "train"), load_dataset(DATASET, "test")
    except DataNotFound as problem:
        print(problem, file=sys.stderr)
        return USAGE
    motivation = measure(test, calibration_images(train), Oracle().module)
    write_text_atomically(NUMBERS, json.dumps(to_builtins(motivation), indent=1) + "\n")
    content = draw(motivation, test.images[motivation.photo])
    write_atomically(PICTURE, partial(_write, content))
    print(f"{PICTURE}: {len(content) / 1024:.0f} KiB, photo {motivation.photo}")
    return 0


def measure(test: ImageSet, calibration: Tensor, reference: ModuleType) -> Motivation:
    """Return the numbers, measured on the photo and read from the reference's records.

    Raises:
        LookupError: The photo is not typical.
    """
    images, labels = test.images[:CANDIDATES], test.labels[:CANDIDATES]
    network = resnet20()
    network.load_state_dict(load_float(float_model(DATASET)), strict=False)
    logits = {(FLOAT_BITS, kind): _logits(network.eval(), images) for kind in ("PTQ", "QAT")}
    for cell in CELLS:
        bits, _ = cell_bits(cell)
        rounded = quantize_model(network, reference, bits, bits, "SAWB", calibration)
        saved = load(reference_models(DATASET) / model_file(cell))
        logits[bits, "PTQ"] = _logits(rounded, images)
        logits[bits, "QAT"] = IntegerResNet20(saved).logits(images)
    typical = _typical(logits, labels)
    if not typical[PHOTO]:
        raise LookupError(f"Test image {PHOTO} is not typical: choose one of {typical.nonzero()}.")
    widths = [
        Width(
            bits,
            _guess(logits[bits, "PTQ"][PHOTO]),
            _guess(logits[bits, "QAT"][PHOTO]),
            _accuracies(bits),
            weight_bytes(bits),
            round(microjoules(bits), 1),
        )
        for bits in (FLOAT_BITS, *(cell_bits(cell)[0] for cell in CELLS))
    ]
    label = CIFAR10_CLASSES[int(labels[PHOTO])]
    return Motivation(PHOTO, label, int(typical.sum()), CANDIDATES, tuple(widths))


@torch.inference_mode()
def _logits(network: nn.Module, images: Tensor) -> Tensor:
    return torch.as_tensor(network(normalize(images)))


def _typical(logits: Mapping[tuple[int, str], Tensor], labels: Tensor) -> Tensor:
    """Return a mask of the images on which only the rounded network of 2 bits is wrong."""
    fits = torch.ones_like(labels, dtype=torch.bool)
    for (bits, kind), scores in logits.items():
        is_right = scores.argmax(1) == labels
        fits &= ~is_right if (bits, kind) == (2, "PTQ") else is_right
    return fits


def _guess(logits: Tensor) -> Guess:
    shares = logits.double().softmax(0)
    return Guess(CIFAR10_CLASSES[int(shares.argmax())], round(100 * float(shares.max()), 1))


def _accuracies(bits: int) -> tuple[float, float]:
    """Return the recorded accuracies of the two networks on all test images."""
    if bits == FLOAT_BITS:
        accuracy = _record(float_model(DATASET).with_suffix(".json"))["test_accuracy"]
        return accuracy, accuracy
    folder, cell = reference_models(DATASET), f"W{bits}A{bits}"
    table = _record(folder / "ptq_table.json")["accuracies"]["SAWB"][cell]
    return table[0], _record((folder / model_file(cell)).with_suffix(".json"))["test_accuracy"]


def _record(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def _write(content: bytes, stream: BinaryIO) -> None:
    stream.write(content)
