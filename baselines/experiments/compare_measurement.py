"""One method at one pair of widths, measured: the row of the comparison, and its model.

The float network, the images that a method may look at and those that it is measured on come as a
`Setting`. Methods look at training images alone; with `validate` a tenth of them is held out and
replaces the test images, so that the test set chooses nothing.

It can fail as `quantlab.data.cifar10`, `quantlab.formats.saved_model` and the methods do.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from baselines.experiments.table1 import Start, float_network
from baselines.experiments.table1_results import TEST, VALIDATION
from baselines.methods.registry import METHODS, Method, check_bits
from quantlab.data.cifar10 import load_dataset
from quantlab.data.images import ImageSet
from quantlab.data.split import held_out_split
from quantlab.evaluation.float_network import evaluate
from quantlab.network.calibration import calibration_images

CELL = re.compile(r"W(\d+)A(\d+)")
BATCH = 125


@dataclass(frozen=True)
class Setting:
    """What makes rows comparable; `calibration` are uint8 training images without labels."""

    start: Start
    calibration: Tensor
    measured: ImageSet
    split: str


@dataclass(frozen=True)
class Row:
    """One number: `accuracy` and `float_accuracy` in percent of `images` of the `split`.

    `seconds` is what quantizing took, `seen` the data it looked at, `integers` whether the network
    that was measured computes with integers.
    """

    method: str
    cell: str
    accuracy: float
    float_accuracy: float
    seconds: float
    seen: str
    integers: bool
    dataset: str
    split: str
    images: int
    float_model: str

    @property
    def drop(self) -> float:
        """Points below the float network."""
        return self.float_accuracy - self.accuracy

    @property
    def key(self) -> tuple[str, ...]:
        """What decides a row."""
        return (self.method, self.cell, self.dataset, self.split, self.float_model)


def setting(data: str, model: Path, validate: bool) -> Setting:
    """The data set `data` and the float network in the file `model`."""
    train = load_dataset(data, "train")
    if validate:
        train, measured = held_out_split(train)
    else:
        measured = load_dataset(data, "test")
    start = float_network(model, measured)
    images = calibration_images(train, max(method.images for method in METHODS.values()))
    return Setting(start, images, measured, VALIDATION if validate else TEST)


def widths(cell: str) -> tuple[int, int]:
    """("W8A32") to (8, 32). Raises `ValueError`."""
    match = CELL.fullmatch(cell)
    if not match:
        raise ValueError(
            f"{cell!r} are no bit widths: write W<weight bits>A<activation bits>, such as W8A8, "
            "or W4A32 for activations in floating point."
        )
    return int(match[1]), int(match[2])


def find_method(name: str) -> Method:
    """Of `METHODS`. Raises `ValueError`."""
    if name not in METHODS:
        raise ValueError(f"There is no method {name!r}; choose from {', '.join(METHODS)}.")
    return METHODS[name]


def measure(name: str, cell: str, setting: Setting) -> tuple[Row, nn.Module]:
    """The row of the method `name`, and its network. Raises `ValueError`."""
    method, bits = find_method(name), widths(cell)
    check_bits(name, bits)
    started = time.monotonic()
    network = method.quantize(setting.start.network, bits, setting.calibration[: method.images])
    seconds = time.monotonic() - started
    computing = method.in_integers(network) if method.in_integers else network
    accuracy = evaluate(computing, setting.measured, BATCH, "cpu", progress=True)
    row = Row(
        method=name,
        cell=cell,
        accuracy=round(accuracy, 2),
        float_accuracy=round(setting.start.accuracy, 2),
        seconds=round(seconds, 2),
        seen=method.seen,
        integers=method.conditions.integer_convolution,
        dataset=setting.measured.name,
        split=setting.split,
        images=len(setting.measured),
        float_model=setting.start.name,
    )
    return row, network


def record(row: Row) -> Mapping[str, Any]:
    """For JSON."""
    return {name: getattr(row, name) for name in Row.__dataclass_fields__}
