"""`--quick`: a sample of the test images that stands for all, and points that it cannot cost."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from authoring.build.choose_quick_images import choose
from autograder.checks.q2d import ModelCheck
from autograder.checks.q3 import VariablePrecision
from autograder.engine import quick_images
from autograder.engine.model_accuracy import ModelEvaluator
from autograder.engine.wilson_interval import wilson_interval
from autograder.grading.submission import GradingContext, build_evidence, grade_submission
from autograder.paths import reference_models
from quantlab.data.cifar10 import load_dataset
from quantlab.data.images import ImageSet
from quantlab.errors import DataNotFound
from quantlab.evaluation.float_network import evaluate
from quantlab.evaluation.integer_network import evaluate_saved
from quantlab.formats.answers import Answers
from quantlab.formats.saved_model import load, load_float
from quantlab.intake.submission import Submission
from quantlab.network.resnet import resnet20
from quantlab.paths import CELLS, DATASETS, float_model

ON_DATASETS = ["shapes10", pytest.param("cifar10", marks=pytest.mark.cifar10)]
POINTS = 0.3  # percentage points that the sample may be off
CELL = "W2A2"


def all_images(dataset: str) -> ImageSet:
    try:
        return load_dataset(dataset, "test")
    except DataNotFound as reason:
        pytest.skip(str(reason))


def sample(dataset: str) -> ImageSet:
    return all_images(dataset).subset(quick_images.load_indices(dataset))


def recorded(path: Path) -> float:
    """Return the accuracy on all test images, from the record that another test measures."""
    return json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["test_accuracy"]


@pytest.mark.parametrize("dataset", ON_DATASETS)
def test_quick_images_hold_every_class_alike(dataset):
    labels = all_images(dataset).labels
    chosen = quick_images.load_indices(dataset)
    assert chosen.tolist() == sorted(set(chosen.tolist()))
    assert labels[chosen].bincount().tolist() == [100] * 10


@pytest.mark.parametrize("dataset", ON_DATASETS)
@pytest.mark.parametrize("cell", ["W4A4", "W2A2"])
def test_quick_images_are_as_hard_for_a_saved_model(dataset, cell):
    path = reference_models(dataset) / f"ResNet20_{cell}.pt"
    assert evaluate_saved(load(path), sample(dataset)) == pytest.approx(recorded(path), abs=POINTS)


@pytest.mark.parametrize("dataset", ON_DATASETS)
def test_quick_images_are_as_hard_for_the_float_network_as_all_images(dataset):
    path, network = float_model(dataset), resnet20()
    network.load_state_dict(load_float(path), strict=False)
    assert evaluate(network, sample(dataset)) == pytest.approx(recorded(path), abs=POINTS)


def test_choose_balances_every_network_and_class():
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(2_000) % 10
    logits = {}
    for number, size in enumerate((6.0, 4.0, 3.0, 2.0)):
        noise = torch.randn(2_000, 10, generator=generator)
        logits[str(number)] = noise + size * torch.nn.functional.one_hot(labels, 10)
    chosen = choose(logits, labels, sample=200)
    assert labels[chosen].bincount().tolist() == [20] * 10
    for network in logits.values():
        hits = (network.argmax(1) == labels).double()
        assert float(hits[chosen].mean()) == pytest.approx(float(hits.mean()), abs=0.003)


def test_model_evaluator_names_damaged_quick_images(tmp_path, monkeypatch, oracle):
    monkeypatch.setattr(quick_images, "reference_models", lambda dataset: tmp_path / dataset)
    with pytest.raises(DataNotFound, match=r"quick_images\.json cannot be read"):
        ModelEvaluator("shapes10", oracle, quick=True).load()


class TrustedExecutor:
    """An `Executor` that opens the kit's own models, which need no sandbox."""

    isolation = "in process"

    def read_checkpoint(self, content: bytes):
        return torch.load(io.BytesIO(content), weights_only=True)


@pytest.fixture(scope="module")
def quick_course(rubric, secret, oracle, misconceptions) -> Callable[..., GradingContext]:
    """Return a course that measures on the sample, with one threshold of `rubric` moved."""
    evaluator = {name: ModelEvaluator(name, oracle, quick=True) for name in DATASETS}

    def make(dataset: str, cell: str | None = None, threshold: float = 0.0) -> GradingContext:
        all_images(dataset)
        cells = dict(rubric.thresholds[dataset]) | ({cell: threshold} if cell else {})
        moved = replace(rubric, thresholds={**rubric.thresholds, dataset: cells})
        return GradingContext(moved, secret, oracle, evaluator[dataset], misconceptions)

    return make


def reference(dataset: str) -> Submission:
    folder = reference_models(dataset)
    widths = json.loads((folder / "bit_widths.json").read_text(encoding="utf-8"))["bit_widths"]
    models = {f"ResNet20_{c}.pt": (folder / f"ResNet20_{c}.pt").read_bytes() for c in CELLS}
    return Submission("ada", None, Answers("ada", DATASETS[dataset], bit_widths=widths), models)


@pytest.mark.parametrize("dataset", ON_DATASETS)
def test_quick_grading_gives_the_reference_every_point_of_its_models(quick_course, dataset):
    course = replace(quick_course(dataset), selected="2d.model.*")
    report = grade_submission(reference(dataset), course, TrustedExecutor())
    assert report.auto_score == report.auto_max == 25
    assert report.provisional
    course = replace(course, selected="3.bit_widths.*")
    assert grade_submission(reference(dataset), course, TrustedExecutor()).auto_score == 20


def test_quick_grading_gives_no_zero_for_a_floor_inside_the_interval(quick_course):
    submission, check = reference("shapes10"), VariablePrecision()
    measured = 89.5  # percent on the sample, by the record
    high = wilson_interval(measured, 1_000)[1]
    points = []
    for floor in (measured + 1, high + 0.5):
        course = quick_course("shapes10", "variable", floor)
        finding = check.grade(
            build_evidence(submission, course, TrustedExecutor()), course.rubric.items[check.id]
        )
        assert finding.model.accuracy == pytest.approx(measured, abs=0.2)
        points.append(finding.credit)
    assert points == [1, 0]
    assert "points for its upper end" in finding.message


def test_quick_grading_counts_the_upper_end_of_a_model_interval(quick_course):
    submission, check = reference("shapes10"), ModelCheck(CELL)
    credits = []
    for threshold in (95.0, 97.0):
        course = quick_course("shapes10", CELL, threshold)
        finding = check.grade(
            build_evidence(submission, course, TrustedExecutor()), course.rubric.items[check.id]
        )
        high = finding.model.interval[1]
        assert finding.credit == min(1, 1 - (threshold - high) / course.rubric.ramp)
        credits.append(finding.credit)
    assert credits[0] == 1 > credits[1] > 0
