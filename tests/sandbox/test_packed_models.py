"""A packed model is opened behind the wall; what comes out is checked again on this side."""

import numpy as np
import pytest
import torch

from autograder.engine.model_accuracy import ModelEvaluator
from autograder.engine.oracle import Oracle
from autograder.engine.record import Verdict
from autograder.sandbox.host import Sandbox
from quantlab.data.images import ImageSet
from quantlab.evaluation.mixed_precision import evaluate_packed
from quantlab.formats import packed_model
from quantlab.protocol.calls import Failure


@pytest.fixture
def model() -> packed_model.PackedModel:
    """Two bits everywhere, one convolution removed."""
    generator = torch.Generator().manual_seed(0)
    widths = {**dict.fromkeys(packed_model.LAYERS, 2), "layer3.2.conv2": 0}
    kept = [name for name in packed_model.LAYERS if widths[name]]
    shapes = packed_model.SHAPES
    codes = {
        name: torch.randint(-2, 2, shapes[f"{name}.weight"], generator=generator, dtype=torch.int8)
        for name in kept
    }
    floats = {
        name: torch.rand(shapes[name], generator=generator) + 0.1 for name in packed_model.FLOATS
    }
    return packed_model.PackedModel("Shapes-10", widths, codes, dict.fromkeys(kept, 0.125), floats)


@pytest.fixture
def evaluator(oracle: Oracle) -> ModelEvaluator:
    """Of a few images in the place of the test set."""
    model_evaluator = ModelEvaluator("shapes10", oracle)
    pixels = torch.randint(0, 256, (20, 3, 32, 32), dtype=torch.uint8)
    model_evaluator._all_images = ImageSet("Noise", "test", pixels, torch.arange(20) % 10)
    return model_evaluator


def test_read_checkpoint_returns_codes_scales_and_bit_widths(
    sandbox: Sandbox, model: packed_model.PackedModel
) -> None:
    values = sandbox.read_checkpoint(packed_model.pack(model))
    assert not isinstance(values, Failure), values
    assert isinstance(values["fc.weight_int"], np.ndarray)
    assert packed_model.pack(packed_model.parse(values)) == packed_model.pack(model)


def test_read_checkpoint_explains_a_damaged_packed_model(
    sandbox: Sandbox, model: packed_model.PackedModel
) -> None:
    failure = sandbox.read_checkpoint(packed_model.pack(model)[:-1])
    assert isinstance(failure, Failure)
    assert failure.kind == "error"
    assert "bytes where the widths" in failure.message


def test_model_evaluator_packed_uses_the_bit_widths_of_the_codes(
    sandbox: Sandbox, evaluator: ModelEvaluator, model: packed_model.PackedModel
) -> None:
    measurement = evaluator.packed(packed_model.pack(model), sandbox)
    assert measurement.packed_widths == model.bit_widths
    assert measurement.accuracy == evaluate_packed(model, evaluator.images)


class Liar:
    """A worker that a file has taken over."""

    isolation = "none"

    def __init__(self, **values: object) -> None:
        self.values = values

    def read_checkpoint(self, content: bytes) -> dict[str, object]:
        return self.values


@pytest.mark.parametrize(
    "lie",
    [
        {"fc.bits": 0},
        {"fc.weight_scale": float("nan")},
        {"fc.weight_int": np.full((10, 64), 2, np.int8)},
        {"layer3.2.conv2.weight_int": np.zeros((64, 64, 3, 3), np.int8)},
        {"dataset": 5},
    ],
)
def test_model_evaluator_packed_verifies_the_values_of_a_worker(
    evaluator: ModelEvaluator, model: packed_model.PackedModel, lie: dict[str, object]
) -> None:
    measurement = evaluator.packed(b"any", Liar(**{**packed_model.values(model), **lie}))
    assert (measurement.verdict, measurement.accuracy, measurement.packed_widths) == (
        Verdict.WRONG,
        None,
        None,
    )
