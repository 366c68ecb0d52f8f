"""Measure a step of quantization-aware training against one of the float network.

    python -m benchmarks.training_step

Both use the same batch in the fastest precision (`quantlab.training.precision`), with and without
torch.compile, in alternating rounds. Times are medians with minimum and maximum, and multiples of
the float step of the same round. The teacher of the distillation has a line of its own.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from baselines.methods.qat import QAT_METHODS, calibrated_scales, trainable_network
from quantlab.data.images import normalize
from quantlab.network.resnet import resnet20
from quantlab.training.precision import autocast, requested
from quantlab.training.steps import fastest_precision, objective_of

BATCH = 128
CPU = torch.device("cpu")
Step = Callable[[], None]


def main() -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training_step",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--cell", choices=("W8A8", "W4A4", "W2A2"), default="W2A2")
    options = parser.parse_args()
    bits = int(options.cell[1]), int(options.cell[3])
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (BATCH, 3, 32, 32), generator=generator, dtype=torch.uint8)
    labels = torch.randint(0, 10, (BATCH,), generator=generator)
    torch.manual_seed(0)
    model = resnet20().eval()
    precision = requested() or fastest_precision(
        model,
        objective_of(lambda _, logits, labels: F.cross_entropy(logits, labels)),
        (normalize(images), labels),
    )
    for compiled in (False, True):
        print("with torch.compile" if compiled else "without torch.compile")
        steps = {"float": training_step(model, images, labels, compiled, precision)}
        for method in QAT_METHODS:
            network = trainable_network(
                model, bits, method, calibrated_scales(model, bits[1], images)
            )
            steps[method] = training_step(network, images, labels, compiled, precision)
        steps["the teacher"] = teacher_step(model, images, compiled, precision)
        show(measure(steps, options.rounds))
    return 0


def training_step(
    model: nn.Module, images: Tensor, labels: Tensor, compiled: bool, precision: str
) -> Step:
    """Return a function that trains `model` for one step."""
    model.train().to(memory_format=torch.channels_last)
    forward = torch.compile(model, dynamic=False) if compiled else model
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9, nesterov=True)
    batch = normalize(images).contiguous(memory_format=torch.channels_last)

    def step() -> None:
        with autocast(CPU, precision):
            logits = forward(batch)
        optimizer.zero_grad()
        F.cross_entropy(logits.float(), labels).backward()
        optimizer.step()

    return step


def teacher_step(model: nn.Module, images: Tensor, compiled: bool, precision: str) -> Step:
    """Return a function that computes the teacher's logits once."""
    model.eval()
    forward = torch.compile(model, dynamic=False) if compiled else model
    batch = normalize(images).contiguous(memory_format=torch.channels_last)

    def step() -> None:
        with torch.no_grad(), autocast(CPU, precision):
            forward(batch)

    return step


def measure(steps: dict[str, Step], rounds: int) -> dict[str, list[float]]:
    """Return the seconds of every step, by name; the first round, which compiles, is left out."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for number in tqdm(range(rounds + 1), leave=False):
        for name, step in steps.items():
            started = time.perf_counter()
            step()
            if number:
                times[name].append(time.perf_counter() - started)
    return times


def show(times: dict[str, list[float]]) -> None:
    """Print the times."""
    for name, seconds in times.items():
        low, middle, high = min(seconds), statistics.median(seconds), max(seconds)
        ratios = [own / peer for own, peer in zip(seconds, times["float"], strict=True)]
        print(
            f"  {name:12} {1000 * middle:7.0f} ms ({1000 * low:.0f} to {1000 * high:.0f})"
            f"   {statistics.median(ratios):.2f} times a float step"
        )


if __name__ == "__main__":
    raise SystemExit(main())
