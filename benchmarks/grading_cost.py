"""The cost of grading: one function check, and one whole submission."""

import statistics
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch

from authoring.examples import write_examples
from autograder.grading.preparation import prepare_grading
from autograder.grading.submission import grade_submission
from autograder.paths import REFERENCE
from autograder.sandbox.host import Sandbox
from benchmarks.model_evaluation import float_network
from benchmarks.ratios import Measurement, ratios, seconds
from quantlab.data.images import ImageSet
from quantlab.evaluation.float_network import evaluate
from quantlab.evaluation.integer_network import BATCH_SIZE
from quantlab.intake.submission import read_submission
from quantlab.protocol.calls import Call, Input, Program
from quantlab.protocol.execute import load_module, run_program

CHECKS = 60  # per run, of which the median counts


def measure_grading(dataset: str, images: ImageSet, runs: int) -> Iterator[Measurement]:
    """Yield the measurements. Raise `IsolationUnavailable`, `MissingModels` and `SetupError`."""
    with Sandbox() as sandbox:
        yield _one_check(sandbox, runs)
        yield _whole_submission(dataset, images, sandbox, runs)


def _one_check(sandbox: Sandbox, runs: int) -> Measurement:
    source = REFERENCE.read_text(encoding="utf-8")
    x = torch.randn(64, generator=torch.Generator().manual_seed(0)).numpy()
    program = Program((Call("linear_quantize", (Input("x"), 0.1, 0, 4)),), {"x": x})
    beyond = []
    for _ in range(runs):
        own = seconds(lambda: run_program(load_module(source, "benchmark"), program), CHECKS)
        whole = seconds(lambda: sandbox.run(source, program), CHECKS)
        beyond.append(1000 * (statistics.median(whole) - statistics.median(own)))
    what = "one function check, warm"
    return Measurement(what, "the student's own call", "ms more", tuple(beyond), must=25, aim=14)


def _whole_submission(dataset: str, images: ImageSet, sandbox: Sandbox, runs: int) -> Measurement:
    with tempfile.TemporaryDirectory() as folder:
        write_examples(dataset, Path(folder))
        submission = read_submission(Path(folder) / "reference")

        def whole() -> None:
            fresh = prepare_grading(dataset, "*")  # without cached models
            grade_submission(submission, fresh, sandbox)

        peer = partial(evaluate, float_network(dataset), images, BATCH_SIZE, "cpu")
        what = "whole submission: all checks, five models, all images"
        values = ratios(whole, peer, runs)
    return Measurement(what, "one float32 evaluation", "of its time", values, must=4, aim=2)
