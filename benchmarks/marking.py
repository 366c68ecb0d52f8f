"""What marking costs: one function check, one saved model, one whole submission.

    python -m benchmarks.marking --data cifar10

Absolute times depend on the machine and on what else it does, so each is also given as a multiple
of something measured in the same run: the student's own call, the float32 evaluation of the test
images. Medians of the runs, with their minimum and maximum.
"""

import argparse
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from autograder.grading import UsageError, prepare
from autograder.marking import mark
from autograder.oracle import REFERENCE
from autograder.sandbox.host import Sandbox
from autograder.sandbox.isolation import IsolationUnavailable
from autograder.submission import read_submission
from instructor.examples import MissingModels, build
from quantlab.checkpoint import load
from quantlab.data import DATASETS
from quantlab.inference import evaluate_saved
from quantlab.programs.calls import Call, Input, Program
from quantlab.programs.execute import load_module, run_program
from quantlab.resnet import resnet20
from quantlab.training import evaluate

MODEL = Path(__file__).resolve().parent.parent / "instructor" / "checkpoints"


def seconds(action: Callable[[], object], runs: int) -> list[float]:
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return times


def row(what: str, times: list[float], unit: str = "s", peer: float | None = None) -> None:
    factor = 1000 if unit == "ms" else 1
    low, middle, high = (
        factor * value for value in (min(times), statistics.median(times), max(times))
    )
    ratio = f"   {statistics.median(times) / peer:.2f} times its peer" if peer else ""
    print(f"{what:58} {middle:8.1f} {unit} ({low:.1f} to {high:.1f}){ratio}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.marking", description=__doc__)
    parser.add_argument("--data", choices=DATASETS, default="cifar10")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    try:
        return _measure(options.data, options.runs)
    except (UsageError, MissingModels, IsolationUnavailable) as problem:
        print(problem, file=sys.stderr)
        return 2


def _measure(dataset: str, runs: int) -> int:
    course = prepare(dataset, "*")
    images = course.measurements.images
    network = resnet20()
    network.load_state_dict(
        torch.load(
            MODEL.parent.parent / "checkpoints" / f"resnet20_{dataset}.pt", weights_only=True
        )
    )
    saved = load(MODEL / dataset / "ResNet20_W4A4.pt")
    with Sandbox() as sandbox:
        source = REFERENCE.read_text(encoding="utf-8")
        program = Program(
            (Call("linear_quantize", (Input("x"), 0.1, 0, 4)),), {"x": torch.randn(64).numpy()}
        )
        own = statistics.median(
            seconds(lambda: run_program(load_module(source, "benchmark"), program), 30)
        )
        check = [t - own for t in seconds(lambda: sandbox.run(source, program), 60)]
        row("one warm function check, beyond the student's own call", check, "ms")
        row(
            "one fork that imports solution.py",
            seconds(lambda: sandbox.import_source(source), 30),
            "ms",
        )
        floats = seconds(lambda: evaluate(network, images, batch_size=125), runs)
        row(f"float32 evaluation of {len(images)} images", floats)
        peer = statistics.median(floats)
        row("one saved model", seconds(lambda: evaluate_saved(saved, images), runs), peer=peer)
        with tempfile.TemporaryDirectory() as folder:
            build(dataset, Path(folder))
            submission = read_submission(Path(folder) / "reference")

            def whole() -> None:
                fresh = prepare(dataset, "*")  # nothing remembered of the models
                report = mark(submission, fresh, sandbox)
                assert report.auto_score == report.auto_max

            row("whole submission, all checks and models", seconds(whole, runs), peer=peer)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'largest memory of the grader':58} {peak:8.0f} MiB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
