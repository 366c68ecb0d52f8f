"""Every committed model says how it was made, and does what its record says."""

import json
from pathlib import Path

import pytest
import torch

from autograder.engine.oracle import Oracle
from autograder.paths import reference_models
from quantlab.data.cifar10 import load_dataset
from quantlab.errors import DataNotFound
from quantlab.evaluation.float_network import evaluate
from quantlab.evaluation.integer_network import evaluate_saved
from quantlab.formats.saved_model import load_float, saved_model
from quantlab.network.calibration import calibration_images
from quantlab.network.quantization import quantize_model
from quantlab.network.resnet import resnet20
from quantlab.paths import DATASETS, float_model

ON_DATASETS = ["shapes10", pytest.param("cifar10", marks=pytest.mark.cifar10)]
COMMITTED = sorted(
    [*map(float_model, DATASETS), *(p for d in DATASETS for p in reference_models(d).glob("*.pt"))]
)
LEAST = {"shapes10": 85.0, "cifar10": 91.0}  # percent, of the float models


def images(dataset: str, split: str):
    try:
        return load_dataset(dataset, split)
    except DataNotFound as reason:
        pytest.skip(str(reason))


def network(dataset: str):
    model = resnet20()
    model.load_state_dict(load_float(float_model(dataset)), strict=False)
    return model.eval()


def record_of(path: Path) -> dict:
    return json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_committed_model_has_a_record_of_its_training(path):
    record = record_of(path)
    assert record["command"].startswith("python -m ")
    assert record["torch"]
    assert record["recipe"]["seed"] is not None
    assert 0 < record["test_accuracy"] <= 100
    assert record["dataset"] == ("CIFAR-10" if "cifar10" in str(path) else "Shapes-10")
    assert path.stat().st_size < 5_000_000


@pytest.mark.parametrize("dataset", ON_DATASETS)
def test_float_model_is_as_accurate_as_its_record_says(dataset):
    accuracy = evaluate(network(dataset), images(dataset, "test"))
    # Another processor may sum in another order, which moves at most a few images.
    assert accuracy == pytest.approx(record_of(float_model(dataset))["test_accuracy"], abs=0.1)
    assert accuracy >= LEAST[dataset]


def test_quantize_model_visibly_loses_accuracy_at_2_bits():
    train, test = images("shapes10", "train"), images("shapes10", "test")
    test = test.subset(torch.arange(500))
    quantized = quantize_model(
        network("shapes10"), Oracle().module, 2, 2, "SAWB", calibration_images(train)
    )
    lost = evaluate_saved(saved_model(quantized, "Shapes-10", "SAWB"), test)
    assert lost < evaluate(network("shapes10"), test) - 20
