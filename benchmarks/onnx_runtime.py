"""What ONNX Runtime needs for the W8A8 ResNet-20 beside the evaluation that marks are made of.

    python -m benchmarks.onnx_runtime

Both run in this process, with one thread, on the same images, in rounds that alternate; times are
medians with minimum and maximum. ONNX Runtime gets the QDQ graph with an 8-bit stream, in which
every convolution and addition is one of its 8-bit kernels; the exact kernels of `quantlab` keep
conv1, batch normalization and the shortcuts in floating point.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from baselines.integer_only.convert import convert
from baselines.integer_only.onnx_export import export
from baselines.integer_only.onnx_session import OnnxSession
from baselines.integer_only.run import largest_magnitudes
from quantlab.checkpoint import load
from quantlab.data import load_shapes10
from quantlab.inference import IntegerResNet20

MODEL = "instructor/checkpoints/shapes10/ResNet20_W8A8.pt"
KIT = Path(__file__).resolve().parent.parent
CALIBRATION = 64  # images; how long a graph takes does not depend on its scales


def onnx_runtime(model: Path, pixels: Tensor, folder: Path) -> Callable[[], float]:
    """A function that gives the seconds of ONNX Runtime's static int8 for all `pixels` at one go.

    `model` is a saved model such as the W8A8 ResNet-20, `pixels` are uint8 (N, 3, 32, 32) and serve
    to calibrate as well; the graph is written to `folder`. One thread, normalization included.
    """
    network = convert(load(model), pixels[:CALIBRATION])
    graph = folder / f"{model.stem}.onnx"
    export(network, graph, 8, largest_magnitudes(network, pixels[:CALIBRATION]))
    session = OnnxSession(graph, threads=1)
    return lambda: _seconds(session.logits, pixels)


def saved_model(model: Path, pixels: Tensor) -> Callable[[], float]:
    """The same of `quantlab.inference`, on as many threads as PyTorch has."""
    network = IntegerResNet20(load(model))
    return lambda: _seconds(network.logits, pixels)


def _seconds(logits: Callable[[Tensor], Tensor], pixels: Tensor) -> float:
    started = time.perf_counter()
    logits(pixels)
    return time.perf_counter() - started


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.onnx_runtime", description=__doc__)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    pixels = load_shapes10("train").images[: options.images]
    with tempfile.TemporaryDirectory() as folder:
        ways = {
            "ONNX Runtime": onnx_runtime(KIT / MODEL, pixels, Path(folder)),
            "quantlab.inference": saved_model(KIT / MODEL, pixels),
        }
        times: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(options.rounds + 1):
            for name, way in ways.items():
                seconds = way()
                if number:  # the first round prepares
                    times[name].append(1000 * seconds / len(pixels))
    for name, found in times.items():
        middle = statistics.median(found)
        print(f"{name:20} {middle:.3f} ms an image ({min(found):.3f} to {max(found):.3f})")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
