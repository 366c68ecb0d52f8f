"""Models of one training are found; models trained apart, and models only rounded, are not."""

import io
from collections.abc import Mapping
from typing import Any, NoReturn

import pytest
import torch
from torch import Tensor

from autograder.course.audit.audit_finding import Audit, Kind
from autograder.course.audit.model_changes import ModelChanges, RecordingExecutor
from autograder.course.audit.models import ModelAudit
from autograder.paths import reference_models
from quantlab.formats import saved_model
from quantlab.formats.saved_model import LAYERS, WEIGHT, SavedLayer, SavedModel
from quantlab.intake.submission import Submission
from quantlab.paths import float_model
from quantlab.protocol.calls import Failure

NAME = "ResNet20_W4A4.pt"


class Opener:
    """Opens models that the tests made themselves, without a wall."""

    isolation = "in process"

    def __init__(self, opens: bool = True) -> None:
        self._opens = opens

    def import_source(self, source: str) -> NoReturn:
        raise AssertionError("the audit runs no code")

    def run(self, source: str, program: object) -> Failure:
        raise AssertionError("the audit runs no code")

    def read_checkpoint(self, content: bytes) -> Mapping[str, Any] | Failure:
        assert self._opens, "it was read before"
        if content == b"faulty":
            return Failure("grader_fault", "The grader failed.")
        if content == b"broken":
            return Failure("error", "It can't be read.")
        return torch.load(io.BytesIO(content), weights_only=True)


@pytest.fixture(scope="module")
def float_state() -> dict[str, Tensor]:
    return saved_model.load_float(float_model("cifar10"))


@pytest.fixture(scope="module")
def reference() -> SavedModel:
    return saved_model.load(reference_models("cifar10") / NAME)


def _trained(
    state: Mapping[str, Tensor], like: SavedModel, seed: int, size: float = 0.6, extra: int = 0
) -> bytes:
    """A model whose weights went their own way from the float ones, `size` steps on average.

    `extra` is the seed of a little more of training after it.
    """
    generator = torch.Generator().manual_seed(seed)
    after = torch.Generator().manual_seed(extra)
    layers = {}
    for name in LAYERS:
        layer = like.layers[name]
        weights = state[f"{name}.{WEIGHT}"] / layer.weight_scale
        weights = weights + size * torch.randn(weights.shape, generator=generator)
        if extra:
            weights = weights + 0.05 * torch.randn(weights.shape, generator=after)
        codes = torch.round(weights).clamp(-8, 7).to(torch.int8)
        layers[name] = SavedLayer(codes, layer.weight_scale, layer.input_scale, layer.bias)
    return _content(SavedModel(like.method, like.dataset, 4, 4, layers, like.tensors))


def _content(saved: SavedModel) -> bytes:
    values: dict[str, Any] = dict(saved.tensors)
    for name, layer in saved.layers.items():
        values[f"{name}.weight_int"] = layer.weight_int
        values[f"{name}.weight_scale"] = layer.weight_scale
        values[f"{name}.input_scale"] = layer.input_scale
        if layer.bias is not None:
            values[f"{name}.bias"] = layer.bias
    stream = io.BytesIO()
    torch.save(values, stream)
    return stream.getvalue()


def _compared(**models: bytes) -> Audit:
    comparison = ModelAudit("CIFAR-10", Opener())
    for student, content in models.items():
        comparison.add(Submission(student, models={NAME: content}))
    return comparison.compare()


def test_model_audit_ignores_models_trained_apart(
    float_state: Mapping[str, Tensor], reference: SavedModel
) -> None:
    models = {f"s{seed}": _trained(float_state, reference, seed) for seed in range(6)}
    assert _compared(**models).findings == ()


@pytest.mark.parametrize("extra", [0, 7])
def test_model_audit_names_a_copy_even_after_more_training(
    extra: int, float_state: Mapping[str, Tensor], reference: SavedModel
) -> None:
    models = {f"s{seed}": _trained(float_state, reference, seed) for seed in range(5)}
    copy = _trained(float_state, reference, 3, extra=extra)
    (look,) = _compared(**models, copy=copy).findings
    assert look.kind is Kind.MODEL
    assert look.who == ("copy", "s3")
    assert look.measure is not None
    assert look.measure >= 0.9
    assert "usual in this class 0.1" in look.details[0]


def test_model_audit_ignores_models_that_were_only_rounded(
    float_state: Mapping[str, Tensor], reference: SavedModel
) -> None:
    rounded = _trained(float_state, reference, 0, size=0.0)
    assert _compared(ada=rounded, bob=rounded).findings == ()


def test_model_audit_ignores_short_separate_trainings(
    float_state: Mapping[str, Tensor], reference: SavedModel
) -> None:
    models = {f"s{n}": _trained(float_state, reference, n, size=0.1) for n in range(4)}
    assert _compared(**models).findings == ()


def test_model_audit_ignores_different_trainings_of_the_reference() -> None:
    comparison = ModelAudit("CIFAR-10", Opener())
    for cell in ("W2A8", "W2A2"):  # equal widths of weights, trained apart
        content = (reference_models("cifar10") / f"ResNet20_{cell}.pt").read_bytes()
        comparison.add(Submission(cell, models={"ResNet20_W2A2.pt": content}))
    assert comparison.compare().findings == ()


def test_model_audit_reports_all_widths_of_a_pair_together() -> None:
    comparison = ModelAudit("CIFAR-10", Opener())
    for student in ("ada", "bob"):
        models = {
            name: (reference_models("cifar10") / name).read_bytes()
            for name in (NAME, "ResNet20_W8A2.pt")
        }
        comparison.add(Submission(student, models=models))
    (look,) = comparison.compare().findings
    assert look.what.startswith("ada and bob: ResNet20_W4A4.pt, ResNet20_W8A2.pt changed")
    assert look.measure == pytest.approx(1)


@pytest.mark.parametrize("content", [b"broken", _content.__doc__])
def test_model_audit_leaves_unreadable_models_out(content: bytes | None) -> None:
    stream = io.BytesIO()
    torch.save({"no": torch.zeros(3)}, stream)
    unreadable = content or stream.getvalue()
    assert _compared(ada=unreadable, bob=unreadable) == Audit(())


# Noted while a model is marked --------------------------------------------------------------------


def _noted(submission: Submission) -> dict[str, Any]:
    """What a worker hands over that has read all models of `submission`."""
    executor = RecordingExecutor(Opener())
    for content in submission.models.values():
        executor.read_checkpoint(content)
    return dict(executor.changes(submission, ModelChanges(float_model("cifar10"))))


def test_model_audit_compares_recorded_changes_without_opening_models(
    float_state: Mapping[str, Tensor], reference: SavedModel
) -> None:
    models = {f"s{seed}": _trained(float_state, reference, seed) for seed in range(5)}
    models |= {"copy": models["s3"], "broken": b"broken"}
    comparison = ModelAudit("CIFAR-10", Opener(opens=False))
    for student, content in models.items():
        submission = Submission(student, models={NAME: content})
        comparison.add(submission, _noted(submission))
    assert comparison.compare() == _compared(**models)
    assert [look.who for look in comparison.compare().findings] == [("copy", "s3")]


def test_recording_executor_returns_only_models_that_were_read() -> None:
    executor = RecordingExecutor(Opener())
    executor.read_checkpoint(b"broken")
    executor.read_checkpoint(b"faulty")  # perhaps another reads it
    models = {"ResNet20_W8A8.pt": b"broken", NAME: b"faulty", "ResNet20_W2A2.pt": b"not marked"}
    recorded = executor.changes(
        Submission("ada", models=models), ModelChanges(float_model("cifar10"))
    )
    assert recorded == {"ResNet20_W8A8.pt": None}
