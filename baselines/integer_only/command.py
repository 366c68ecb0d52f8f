"""The command `deploy`: a saved model as integers and as ONNX, all three measured."""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import rich.table
import torch
from rich.console import Console
from torch import Tensor
from tqdm import tqdm

from baselines.integer_only import store
from baselines.integer_only.convert import convert
from baselines.integer_only.description import describe
from baselines.integer_only.graph import IntegerNetwork
from baselines.integer_only.onnx_export import MissingPackage, deployment_package, export
from baselines.integer_only.onnx_session import OnnxSession
from baselines.integer_only.requantize import ConversionError
from baselines.integer_only.run import BATCH_SIZE, INSTRUCTIONS, largest_magnitudes, run
from quantlab.data.cifar10 import DataNotFound, load_dataset
from quantlab.data.images import ImageSet
from quantlab.evaluation.integer_network import IntegerResNet20
from quantlab.formats.saved_model import UNKNOWN, BadSavedModel, load
from quantlab.network.calibration import CalibrationError, calibration_images
from quantlab.paths import DATASETS

CHUNK = 500  # images between two steps of the progress bar
PROVED_IMAGES = 4  # for each of them every integer is computed three times


@dataclass(frozen=True)
class Measured:
    """One way to run the model: predictions int64 (N,), seconds for all, bytes on disk."""

    name: str
    predictions: Tensor
    seconds: float
    size: int


def deploy(options: argparse.Namespace) -> int:
    """Convert, export, measure and show; the exit status. What goes wrong is a sentence."""
    try:
        for package in ("onnx", "onnxruntime"):  # before minutes are spent
            deployment_package(package)
        _deploy(options)
    except (
        BadSavedModel,
        CalibrationError,
        ConversionError,
        DataNotFound,
        MissingPackage,
        OSError,
    ) as problem:
        print(problem, file=sys.stderr)
        return 2
    return 0


def _deploy(options: argparse.Namespace) -> None:
    saved = load(options.model)
    calibration = calibration_images(load_dataset(options.data, "train"))
    test = load_dataset(options.data, "test")
    if saved.dataset not in (UNKNOWN, test.name, options.data):
        raise ConversionError(
            f"{options.model.name} was made for {saved.dataset}, not for {test.name}: name its "
            f"data with --data ({', '.join(DATASETS)})."
        )
    options.out.mkdir(parents=True, exist_ok=True)
    stem = options.model.stem
    network = convert(saved, calibration, options.scheme)
    integers = options.out / f"{stem}.npz"
    store.save(network, integers)
    network = store.load(integers)  # what is measured is what was written
    _prove(network, test)
    graphs = {16: options.out / f"{stem}.onnx", 8: options.out / f"{stem}_stream8.onnx"}
    largest = largest_magnitudes(network, calibration)
    ways: list[tuple[str, Callable[[Tensor], Tensor], Path]] = [
        ("saved model", IntegerResNet20(saved).logits, options.model),
        ("integer-only network", lambda pixels: run(network, pixels), integers),
    ]
    for bits, path in graphs.items():
        export(network, path, bits, largest)
        session = OnnxSession(path, torch.get_num_threads())
        ways.append((f"ONNX Runtime, {bits}-bit stream", session.logits, path))
    measured = [_measured(*way, test) for way in ways]
    _show(measured, test)
    for path in (integers, *graphs.values()):
        print(f"written: {path}")


def _prove(network: IntegerNetwork, test: ImageSet) -> None:
    """The fast kernels, the int32 instructions and the int64 description give the same logits."""
    images = test.images[:PROVED_IMAGES]
    logits = run(network, images)
    described = torch.from_numpy(describe(network, images)["logits"])
    by_instructions = run(network, images, INSTRUCTIONS)
    if not (torch.equal(logits.long(), described) and torch.equal(logits, by_instructions)):
        raise ConversionError(
            "The integer-only network does not compute on this machine what it describes: report "
            "the processor and the version of PyTorch as an error of this kit."
        )


def _measured(
    name: str, logits: Callable[[Tensor], Tensor], path: Path, test: ImageSet
) -> Measured:
    logits(test.images[:BATCH_SIZE])  # the first call prepares
    started = time.perf_counter()
    chunks = tqdm(test.images.split(CHUNK), desc=name, leave=False)
    predictions = torch.cat([logits(chunk).argmax(1) for chunk in chunks])
    return Measured(name, predictions, time.perf_counter() - started, path.stat().st_size)


def _show(measured: list[Measured], test: ImageSet) -> None:
    saved, integer_only, *_ = measured
    table = rich.table.Table(
        f"{test.name}, {len(test):,} images", box=None, pad_edge=False, show_edge=False
    )
    for column in ("top-1", "as saved", "as integers", "bytes", "seconds"):
        table.add_column(column, justify="right")
    for way in measured:
        table.add_row(
            way.name,
            f"{_percent_equal(way.predictions, test.labels):.2f}",
            f"{_percent_equal(way.predictions, saved.predictions):.2f}",
            f"{_percent_equal(way.predictions, integer_only.predictions):.2f}",
            f"{way.size:,}",
            f"{way.seconds:.1f}",
        )
    Console().print(table)
    print("'as saved' and 'as integers': percent of predictions that agree with these.")


def _percent_equal(predictions: Tensor, others: Tensor) -> float:
    return 100 * float((predictions == others).double().mean())
