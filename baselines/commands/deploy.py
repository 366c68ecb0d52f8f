"""The command `deploy`: a saved model as integers and as ONNX, all measured on the test images."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import rich.table
import torch
from rich.console import Console
from torch import Tensor
from tqdm import tqdm

from baselines.commands.problems import report_problems
from baselines.errors import ConversionError
from baselines.exit_status import DONE
from baselines.integer_only import npz_file
from baselines.integer_only.convert import convert
from baselines.integer_only.graph import IntegerNetwork
from baselines.integer_only.int64_reference import compute_reference
from baselines.integer_only.onnx_export import deployment_package, export
from baselines.integer_only.onnx_session import OnnxSession
from baselines.integer_only.run import BATCH_SIZE, INSTRUCTIONS, largest_magnitudes, run
from quantlab.data.cifar10 import load_dataset
from quantlab.data.images import ImageSet
from quantlab.evaluation.integer_network import IntegerResNet20
from quantlab.formats.saved_model import UNKNOWN, load
from quantlab.network.calibration import calibration_images
from quantlab.paths import DATASETS

CHUNK = 500  # images between two steps of the progress bar
CHECKED_IMAGES = 4  # every integer of these is computed three times


@dataclass(frozen=True)
class DeployOptions:
    """The options of the command `deploy`; `scheme` is one of `requantize.SCHEMES`."""

    model: Path
    dataset: str
    scheme: str
    out: Path


@dataclass(frozen=True)
class RuntimeResult:
    """One way to run the model: predictions int64 (N,), seconds for all images, bytes on disk."""

    name: str
    predictions: Tensor
    seconds: float
    size: int


def deploy(options: DeployOptions) -> int:
    """Convert, export, measure and print, and return the exit status."""
    return report_problems(lambda: _deploy(options))


def _deploy(options: DeployOptions) -> int:
    for package in ("onnx", "onnxruntime"):  # before minutes are spent
        deployment_package(package)
    saved = load(options.model)
    calibration = calibration_images(load_dataset(options.dataset, "train"))
    test = load_dataset(options.dataset, "test")
    if saved.dataset not in (UNKNOWN, test.name, options.dataset):
        raise ConversionError(
            f"{options.model.name} was made for {saved.dataset}, not for {test.name}: name its "
            f"data with --data ({', '.join(DATASETS)})."
        )
    options.out.mkdir(parents=True, exist_ok=True)
    stem = options.model.stem
    network = convert(saved, calibration, options.scheme)
    integers = options.out / f"{stem}.npz"
    npz_file.save(network, integers)
    network = npz_file.load(integers)  # the file is measured, not what is in memory
    _check(network, test)
    graphs = {16: options.out / f"{stem}.onnx", 8: options.out / f"{stem}_stream8.onnx"}
    largest = largest_magnitudes(network, calibration)
    runtimes: list[tuple[str, Callable[[Tensor], Tensor], Path]] = [
        ("saved model", IntegerResNet20(saved).logits, options.model),
        ("integer-only network", lambda pixels: run(network, pixels), integers),
    ]
    for bits, path in graphs.items():
        export(network, path, bits, largest)
        session = OnnxSession(path, torch.get_num_threads())
        runtimes.append((f"ONNX Runtime, {bits}-bit stream", session.logits, path))
    _print([_measure(*runtime, test) for runtime in runtimes], test)
    for path in (integers, *graphs.values()):
        print(f"written: {path}")
    return DONE


def _check(network: IntegerNetwork, test: ImageSet) -> None:
    """Raise `ConversionError` unless three implementations have the same logits.

    They are the fast kernels, PyTorch's int32 operators, and the int64 reference.
    """
    images = test.images[:CHECKED_IMAGES]
    logits = run(network, images)
    reference = torch.from_numpy(compute_reference(network, images)["logits"])
    by_instructions = run(network, images, INSTRUCTIONS)
    if not (torch.equal(logits.long(), reference) and torch.equal(logits, by_instructions)):
        raise ConversionError(
            "The integer-only network has other logits than its int64 reference on this machine: "
            "report the processor and the version of PyTorch as an error of this kit."
        )


def _measure(
    name: str, logits: Callable[[Tensor], Tensor], path: Path, test: ImageSet
) -> RuntimeResult:
    logits(test.images[:BATCH_SIZE])  # the first call prepares
    started = time.perf_counter()
    chunks = tqdm(test.images.split(CHUNK), desc=name, leave=False)
    predictions = torch.cat([logits(chunk).argmax(1) for chunk in chunks])
    return RuntimeResult(name, predictions, time.perf_counter() - started, path.stat().st_size)


def _print(results: list[RuntimeResult], test: ImageSet) -> None:
    saved, integer_only, *_ = results
    table = rich.table.Table(
        f"{test.name}, {len(test):,} images", box=None, pad_edge=False, show_edge=False
    )
    for column in ("top-1", "as saved", "as integers", "bytes", "seconds"):
        table.add_column(column, justify="right")
    for result in results:
        table.add_row(
            result.name,
            f"{_percent_equal(result.predictions, test.labels):.2f}",
            f"{_percent_equal(result.predictions, saved.predictions):.2f}",
            f"{_percent_equal(result.predictions, integer_only.predictions):.2f}",
            f"{result.size:,}",
            f"{result.seconds:.1f}",
        )
    Console().print(table)
    print("'as saved' and 'as integers': percent of predictions that agree with these.")


def _percent_equal(predictions: Tensor, others: Tensor) -> float:
    return 100 * float((predictions == others).double().mean())
