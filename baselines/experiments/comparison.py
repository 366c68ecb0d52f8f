"""Measure one system of the literature at one pair of bit widths.

A system may use training images only. With `validate`, a tenth of them replaces the test images.
"""

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from baselines.experiments.measurement import FloatNetwork, load_split, measure_float
from baselines.experiments.results import ComparisonResults, ComparisonRow
from baselines.methods.literature import SYSTEMS, System, check_bits
from quantlab.data.images import ImageSet
from quantlab.evaluation.float_network import evaluate
from quantlab.network.calibration import calibration_images
from quantlab.paths import float_model

CELL = re.compile(r"W(\d+)A(\d+)")
BATCH = 125


@dataclass(frozen=True)
class RunOptions:
    """The options of the command `run`; `model` is by default the kit's own float network."""

    method: str
    bits: str
    dataset: str
    out: Path
    model: Path | None = None
    validate: bool = False


@dataclass(frozen=True)
class CompareOptions:
    """The options of the command `compare`; empty `methods` and `bits` stand for the defaults."""

    dataset: str
    out: Path
    methods: tuple[str, ...] = ()
    bits: tuple[str, ...] = ()
    model: Path | None = None
    validate: bool = False
    verify: bool = False


@dataclass(frozen=True)
class Setting:
    """What makes rows comparable; `calibration` are uint8 training images without labels."""

    start: FloatNetwork
    calibration: Tensor
    measured: ImageSet
    split: str


def load_setting(options: RunOptions | CompareOptions) -> Setting:
    """Return the images and the float network. Raise `DataNotFound` and `BadSavedModel`."""
    split = load_split(options.dataset, options.validate)
    start = measure_float(options.model or float_model(options.dataset), split.measured)
    images = calibration_images(split.train, max(system.images for system in SYSTEMS.values()))
    return Setting(start, images, split.measured, split.name)


def parse_widths(cell: str) -> tuple[int, int]:
    """Return (8, 32) for "W8A32". Raise `ValueError`."""
    match = CELL.fullmatch(cell)
    if not match:
        raise ValueError(
            f"Expected bit widths such as W8A8, or W4A32 for activations in floating point, got "
            f"{cell!r}."
        )
    return int(match[1]), int(match[2])


def find_system(name: str) -> System:
    """Return a system of the literature. Raise `ValueError`."""
    if name not in SYSTEMS:
        raise ValueError(f"There is no method {name!r}: choose from {', '.join(SYSTEMS)}.")
    return SYSTEMS[name]


def measure(name: str, cell: str, setting: Setting) -> tuple[ComparisonRow, nn.Module]:
    """Return the row of the system `name`, and its network. Raise `ValueError`."""
    system, bits = find_system(name), parse_widths(cell)
    check_bits(name, bits)
    started = time.monotonic()
    network = system.quantize(setting.start.network, bits, setting.calibration[: system.images])
    seconds = time.monotonic() - started
    computing = system.in_integers(network) if system.in_integers else network
    accuracy = evaluate(computing, setting.measured, BATCH, "cpu", progress=True)
    row = ComparisonRow(
        method=name,
        cell=cell,
        accuracy=round(accuracy, 2),
        float_accuracy=round(setting.start.accuracy, 2),
        seconds=round(seconds, 2),
        seen=system.seen,
        integers=system.conditions.integer_convolution,
        dataset=setting.measured.name,
        split=setting.split,
        images=len(setting.measured),
        float_model=setting.start.name,
    )
    return row, network


def compare_systems(
    names: Sequence[str], cells: Sequence[str], setting: Setting, results: ComparisonResults
) -> Iterator[ComparisonRow]:
    """Yield the row of each system at each of its bit widths, measured if not in `results`."""
    for name in names:
        for cell in cells:
            try:
                check_bits(name, parse_widths(cell))
            except ValueError:
                continue
            key = (name, cell, setting.measured.name, setting.split, setting.start.name)
            if key not in results.rows:
                row, _ = measure(name, cell, setting)
                results.add(row)
                print(f"{name} {cell}: {row.accuracy:.2f} % ({-row.drop:+.2f})")
            yield results.rows[key]
